//! Lists the project's objects, one a line, all pages.

mod args;
mod table;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::process::ExitCode;

use oa_core::client::Client;
use oa_core::id::query;
use oa_core::reply::{Expect, Reply};
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::object::Object;
use oa_pipe::pages::{Ending, pages};
use serde_json::value::RawValue;

pub use args::Args;
use args::What;
use table::Table;

/// Sizes of a page, to be tried one after the other where a server refuses one; 0: the server's own.
const SIZES: [u32; 4] = [10_000, 1_000, 100, 0];

/// The whole of the program.
#[must_use]
pub fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let (pipe, client) = (&run.pipe, run.client()?);
        let mut sizes = args.sizes();
        let table = pipe.columns().map(|room| Table::new(args.what, room));
        let table = table.map(RefCell::new);
        let show = |table: &RefCell<Table>| table.borrow_mut().show(pipe);
        let fetch = |after: Option<&str>| {
            table.iter().for_each(show);
            let page = (!pipe.is_closed()).then(|| args.page(&client, &mut sizes, after));
            page.transpose()
        };
        // What was printed: ids, or whole elements that have none.
        let mut seen = BTreeSet::new();
        let print = |item: &RawValue, id: Option<&str>| {
            let line = args.line(item);
            let new = seen.insert(id.unwrap_or(&line).to_owned());
            match &table {
                _ if !new || pipe.is_closed() => {}
                Some(table) => table.borrow_mut().add(&line),
                None => pipe.emit(&line),
            }
            new
        };
        let ended = pages(args.what != What::Models, fetch, print);
        table.iter().for_each(show);
        match ended? {
            Ending::Whole => {}
            Ending::Repeats => pipe.log.warning(
                "the server says that there is more and repeats itself; the list may not be whole",
            ),
            Ending::Nowhere => {
                let why = "the list goes on, but nothing in it has an id to go on from";
                return Err(Error::new(Kind::Network, why));
            }
        }
        Ok(())
    })
}

impl Args {
    /// Sizes of a page to be tried: the user's, or what the API gives at most and less.
    fn sizes(&self) -> VecDeque<u32> {
        let (_, _, largest) = self.what.row();
        let sizes = SIZES.iter().copied().filter(|size| *size <= largest);
        self.page_size
            .map_or_else(|| sizes.collect(), |size| [size].into())
    }

    /// The page behind an element, as large as the server gives it.
    fn page(
        &self,
        client: &Client,
        sizes: &mut VecDeque<u32>,
        after: Option<&str>,
    ) -> Result<Reply> {
        loop {
            let address = self.address(sizes.front(), after);
            match client.call(&Request::get(address, Expect::List)) {
                Err(error) if speaks_of_limit(&error) && sizes.len() < 2 => {
                    return Err(error.hint("ask for smaller pages: --page-size N"));
                }
                Err(error) if speaks_of_limit(&error) => drop(sizes.pop_front()),
                ended => return ended,
            }
        }
    }

    fn address(&self, size: Option<&u32>, after: Option<&str>) -> String {
        let (path, _, _) = self.what.row();
        let store = self.store.as_ref();
        let path = store.map_or(path.to_owned(), |store| store.under(path) + "/files");
        let size = size.filter(|size| **size > 0).map(u32::to_string);
        let (limit, purpose) = (size.as_deref(), self.purpose.as_deref());
        query(
            &path,
            &[("limit", limit), ("purpose", purpose), ("after", after)],
        )
    }

    /// An element's line; where it does not say what it is, the line does.
    fn line(&self, item: &RawValue) -> String {
        let Ok(mut object) = Object::parse(item.get()) else {
            return item.get().to_owned();
        };
        let store = self.store.as_ref().map(Id::as_str);
        let kind = Some(self.what.row().1);
        let mut marked = false;
        for (key, mark) in [("object", kind), ("vector_store_id", store)] {
            if let (None, Some(mark)) = (object.get(key), mark) {
                object.put(key, &mark);
                marked = true;
            }
        }
        if marked {
            object.to_line()
        } else {
            item.get().to_owned()
        }
    }
}

/// Whether a server refuses the size of a page.
fn speaks_of_limit(error: &Error) -> bool {
    let words = [Some(&error.message), error.param.as_ref()];
    let mut words = words.into_iter().flatten();
    matches!(error.status, Some(400 | 422))
        && words.any(|text| text.to_lowercase().contains("limit"))
}
