//! Tokens for somebody else's HTTP.

use http::Request;
use keepstone_core::{Broke, Event, Failure, Head, Verdict};

use crate::drive::Driver;
use crate::turns::Turn;

/// A call whose request another library sends.
///
/// ```no_run
/// # use keepstone_async::{Head, Session};
/// # async fn send_it(request: http::Request<&str>) -> http::Response<()> { http::Response::new(()) }
/// # async fn of(session: &Session) -> Result<(), Box<dyn std::error::Error>> {
/// let mut lent = session.lend(http::Request::post("/volumes").body("{}")?);
/// let answer = loop {
///     let request = lent.request().await?;
///     let body = if lent.with_body() { "{}" } else { "" };
///     let answer = send_it(request.map(|()| body)).await;
///     if !lent.judge(Head { status: answer.status(), headers: answer.headers(), touched: true }) {
///         break answer;
///     }
/// };
/// # Ok(()) }
/// ```
pub struct Lent<'a> {
    driver: Driver<'a>,
    next: Option<Event>,
    with_body: bool,
    /// Under the session's limits, until the answer is judged.
    turn: Option<Turn<'a>>,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(driver: Driver<'a>) -> Self {
        Self { driver, next: None, with_body: false, turn: None }
    }

    /// What to send now: method, address and headers, which may differ from one try to the next.
    /// Waits for tokens if it must. The HTTP library must follow no redirects (most carry
    /// `X-Auth-Token` to other origins) and frame the body, if [`Lent::with_body`].
    ///
    /// # Errors
    /// [`Failure`]: the request must not be sent, or not again.
    pub async fn request(&mut self) -> Result<Request<()>, Failure> {
        self.turn = None;
        let next = self.next.take();
        let mut asking = Asking { driver: &mut self.driver, done: false };
        let dispatch = match next {
            None => asking.driver.begin().await,
            Some(event) => asking.driver.permission(event).await,
        };
        let dispatch = match dispatch {
            Ok(dispatch) => asking.driver.turn(dispatch).await,
            Err(failure) => Err(failure),
        };
        asking.done = true;
        drop(asking);
        let (dispatch, turn) = dispatch?;
        self.turn = Some(turn);
        self.with_body = dispatch.with_body;
        let mut request = Request::new(());
        *request.method_mut() = dispatch.method;
        *request.uri_mut() = dispatch.uri;
        *request.headers_mut() = dispatch.headers;
        Ok(request)
    }

    /// Whether the body goes along with the last [`Lent::request`]: not after a redirect that made
    /// it a GET.
    #[must_use]
    pub fn with_body(&self) -> bool {
        self.with_body
    }

    /// Whether the answer is to be thrown away and the next [`Lent::request`] sent.
    pub fn judge(&mut self, answer: Head<'_>) -> bool {
        self.turn = None;
        let again = matches!(self.driver.judge(answer), Verdict::Again);
        self.next = again.then_some(Event::Again);
        again
    }

    /// There was no answer. The next [`Lent::request`] is another try, or says why there is none.
    pub fn broke(&mut self, how: Broke) {
        self.turn = None;
        self.next = Some(Event::Broke(how));
    }
}

/// A question under way. Dropped before its end, it hands on what others wait for, though the
/// call itself is kept.
struct Asking<'l, 'a> {
    driver: &'l mut Driver<'a>,
    done: bool,
}

impl Drop for Asking<'_, '_> {
    fn drop(&mut self) {
        if !self.done {
            self.driver.hand_on();
        }
    }
}
