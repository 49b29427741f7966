//! Tokens for somebody else's HTTP.

use http::Uri;
use http::{HeaderMap, StatusCode};
use keepstone_core::{Event, Failure, Head, Verdict};

use crate::drive::Driver;

/// A call whose request another library sends.
///
/// ```no_run
/// # use keepstone_async::Session;
/// # async fn send_it(uri: &http::Uri, headers: &http::HeaderMap) -> http::Response<()> { http::Response::new(()) }
/// # async fn of(session: &Session) -> Result<(), Box<dyn std::error::Error>> {
/// let mut lent = session.lend(http::Request::get("/volumes").body(())?);
/// let answer = loop {
///     let (uri, headers) = lent.headers().await?;
///     let answer = send_it(&uri, &headers).await;
///     if !lent.judge(answer.status(), answer.headers()) {
///         break answer;
///     }
/// };
/// # Ok(()) }
/// ```
pub struct Lent<'a> {
    driver: Driver<'a>,
    next: Option<Event>,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(driver: Driver<'a>) -> Self {
        Self { driver, next: None }
    }

    /// Where to send the request, and with which headers. Waits for tokens if it must. The HTTP
    /// library must follow no redirects: most carry `X-Auth-Token` to other origins.
    ///
    /// # Errors
    /// [`Failure`]: the request must not be sent.
    pub async fn headers(&mut self) -> Result<(Uri, HeaderMap), Failure> {
        let dispatch = match self.next.take() {
            None => self.driver.begin().await?,
            Some(event) => self.driver.permission(event).await?,
        };
        Ok((dispatch.uri, dispatch.headers))
    }

    /// Whether the answer is to be thrown away and the request sent again, with new
    /// [`Lent::headers`].
    pub fn judge(&mut self, status: StatusCode, headers: &HeaderMap) -> bool {
        let again = matches!(self.driver.judge(Head { status, headers, touched: true }), Verdict::Again);
        self.next = again.then_some(Event::Again);
        again
    }
}
