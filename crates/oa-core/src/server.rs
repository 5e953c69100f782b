//! The server of a run and the way to it: what every request of it needs to know.

use oa_net::{Route, Unusable};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::request::Request;
use crate::settings::{Notice, Settings};

/// The server of a run and the way to it.
pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) route: Route,
}

impl Server {
    /// Nothing is connected yet; what must never be shown is known from now on.
    pub(crate) fn new(settings: Settings) -> Result<Server> {
        let route = Route::new(&settings.route, &settings.user_agent).map_err(unusable)?;
        let headers = settings.headers.iter().map(|(_, value)| value.as_str());
        let secrets = headers
            .chain(route.password())
            .chain([settings.key.as_str()]);
        secrets.for_each(|secret| settings.secrets.add(secret));
        Ok(Server { settings, route })
    }

    pub(crate) fn cancel(&self) -> &Cancel {
        &self.settings.cancel
    }

    /// Tells what became of a request.
    pub(crate) fn tell(&self, request: &Request, what: &str) {
        let line = format!("[http] {} {} {what}", request.method, request.path);
        self.settings.tell(&Notice::Exchange(&line));
    }
}

/// Why the way to the server cannot be gone.
fn unusable(found: Unusable) -> Error {
    let error = Error::from(found.cause).as_kind(Kind::Usage);
    match found.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
