//! `--request` and `--request-file`: layers of the body in the order of the command line.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

/// JSON that is merged over the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// It stood on the command line.
    Json(String),
    /// It stands in this file; `-` is stdin.
    File(String),
}

/// All layers, the first to be merged first. Derived options keep no order between two of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers(pub(crate) Vec<Layer>);

impl Layers {
    /// The files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|layer| match layer {
            Layer::File(file) => Some(file),
            Layer::Json(_) => None,
        })
    }
}

impl clap::Args for Layers {
    fn augment_args(command: Command) -> Command {
        let option = |name: &'static str, value: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .action(ArgAction::Append)
        };
        let json = option("request", "JSON")
            .help("Merge JSON over the body of the request")
            .long_help(
                "Merge JSON over the body of the request\n\n\
                 By RFC 7396: objects at every depth, null removes. Several are merged in their \
                 order.",
            );
        let file = option("request-file", "FILE").help("The same from FILE");
        command.arg(json).arg(file.hide_short_help(true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Layers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Layers, clap::Error> {
        let of = |name: &str, layer: fn(String) -> Layer| {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            let layers: Vec<(usize, Layer)> = places.zip(values.cloned().map(layer)).collect();
            layers
        };
        let mut layers = of("request", Layer::Json);
        layers.extend(of("request-file", Layer::File));
        layers.sort_by_key(|(place, _)| *place);
        Ok(Layers(layers.into_iter().map(|(_, layer)| layer).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
