//! The models that the key may use, asked for once a run, where the server does not know one.

use std::cmp::Reverse;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use oa_core::client::Client;
use oa_core::field::{Fields, Look, each};
use oa_core::reply::Expect;
use oa_core::request::Request;

/// How long the look may take: it is about a hint.
const PATIENCE: Duration = Duration::from_secs(10);
/// Models that are named.
const MOST: usize = 3;

/// What the server listed, once it was asked.
#[derive(Default)]
pub(crate) struct Models {
    listed: OnceLock<Vec<Model>>,
}

/// A model as far as it is looked at.
struct Model {
    id: String,
    created: Option<i64>,
    /// The day after which it is gone, where one is announced.
    shutdown_date: Option<String>,
}

impl Look<'_> for Model {
    const KEYS: &'static [&'static str] = &["id", "created", "shutdown_date"];

    fn look(fields: &Fields) -> Model {
        Model {
            id: fields.text("id").unwrap_or_default(),
            created: fields.get("created"),
            shutdown_date: fields.word("shutdown_date"),
        }
    }
}

impl Models {
    /// What to do about a model that the server does not know.
    pub(crate) fn hint(&self, client: &Client, asked: &str) -> String {
        advice(self.listed.get_or_init(|| list(client)), asked)
    }
}

/// What the key may use. A look that fails lists nothing: it must not hide what it is about.
fn list(client: &Client) -> Vec<Model> {
    let until = Instant::now().checked_add(PATIENCE);
    let call = Request::get("/models".to_owned(), Expect::List);
    let answer = client.call(&call.once().until(until));
    let mut listed = Vec::new();
    if let Ok(answer) = &answer
        && let Some(data) = Fields::of(&answer.object, &["data"]).raw("data")
    {
        each(data, |model| listed.push(Model::read(model)));
    }
    listed.retain(|model| !model.id.is_empty());
    listed
}

fn advice(listed: &[Model], asked: &str) -> String {
    let all = "`oa-list models` lists what the key may use";
    match listed.iter().find(|model| model.id == asked) {
        Some(model) => match &model.shutdown_date {
            Some(date) => format!("its shutdown date is {date}: name another with -m; {all}"),
            None => format!("the server lists it, so the project may have no access to it; {all}"),
        },
        None if listed.is_empty() => all.to_owned(),
        None => format!(
            "name another with -m: {}; {all}",
            near(listed, asked).join(", ")
        ),
    }
}

/// The models whose names begin most like that, those that stay and the newest first.
fn near<'m>(listed: &'m [Model], asked: &str) -> Vec<&'m str> {
    let alike = |id: &str| {
        let pairs = id.chars().zip(asked.chars());
        let same = pairs.take_while(|(one, other)| one.eq_ignore_ascii_case(other));
        same.count()
    };
    let mut models: Vec<&Model> = listed.iter().collect();
    models.sort_by_key(|model| {
        let stays = model.shutdown_date.is_none();
        (Reverse((stays, alike(&model.id), model.created)), &model.id)
    });
    let names = models.into_iter().map(|model| model.id.as_str());
    names.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, created: i64, shutdown_date: Option<&str>) -> Model {
        Model {
            id: id.to_owned(),
            created: Some(created),
            shutdown_date: shutdown_date.map(str::to_owned),
        }
    }

    #[test]
    fn the_hint_names_the_day_or_what_is_near() {
        let listed = [
            model("gpt-5", 1, Some("2026-12-11")),
            model("gpt-5.2", 2, None),
            model("gpt-5.2-mini", 3, None),
            model("gpt-6.2-sol", 4, None),
            model("whisper", 9, None),
        ];
        for (asked, words) in [
            (
                "gpt-5",
                "its shutdown date is 2026-12-11: name another with -m;",
            ),
            ("gpt-5.2", "the server lists it,"),
            (
                "GPT-5.3",
                "name another with -m: gpt-5.2-mini, gpt-5.2, gpt-6.2-sol;",
            ),
            (
                "x",
                "name another with -m: whisper, gpt-6.2-sol, gpt-5.2-mini;",
            ),
        ] {
            let hint = advice(&listed, asked);
            assert!(hint.starts_with(words), "{asked}: {hint}");
        }
        assert_eq!(
            advice(&[], "x"),
            "`oa-list models` lists what the key may use"
        );
    }
}
