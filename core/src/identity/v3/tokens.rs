//! `POST /v3/auth/tokens`: what is asked, and what the answers mean.
//!
//! Bodies: Identity API v3, "Authentication and token management". Whom an answer is from is
//! told by its shape, since anything may stand in front of Keystone.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};

use super::receipt::RECEIPT;
use super::{Part, Receipt, Said, v3_url};
use crate::Secret;
use crate::error::{LoginError, RequestId};
use crate::headers::X_SUBJECT_TOKEN;
use crate::identity::{Exchange, Grant, Inquiry, Moment, Start, Step};
use crate::secret::SecretBytes;
use crate::time::Now;
use crate::token::{Description, Token};

/// The most that a server may make a part say: a handshake takes two or three rounds.
const MOST_ROUNDS: u32 = 8;

/// One request for a token, of one or several methods; two, if a receipt comes between.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    start: Start,
    /// What it begins with.
    parts: Vec<Arc<dyn Part>>,
    /// What is said only if a receipt asks for it.
    reserve: Vec<Arc<dyn Part>>,
    receipt: Option<Secret>,
    turn: Turn,
    /// How often it began anew since a receipt had ended.
    begun_anew: u32,
    asked: Option<Now>,
    /// What a part wants asked in view of the last answer.
    wanted: Option<Wanted>,
}

/// Where it stands: what is said in the next request.
#[derive(Debug)]
struct Turn {
    speakers: Vec<Speaker>,
    reserve: Vec<Arc<dyn Part>>,
    receipt: Option<Secret>,
    /// When its receipt was asked for, and how long it lives, if it got that on its way.
    lapse: Option<(Now, Duration)>,
}

#[derive(Debug)]
struct Speaker {
    part: Arc<dyn Part>,
    told: Option<Secret>,
    /// How often an answer made it ask, and whether the reply was used already.
    rounds: u32,
    used: bool,
}

impl Speaker {
    fn new(part: Arc<dyn Part>) -> Self {
        Self { part, told: None, rounds: 0, used: false }
    }

    fn shakes_hands(&self) -> bool {
        self.rounds > 0
    }
}

#[derive(Debug)]
struct Wanted {
    /// Which of the speakers.
    speaker: usize,
    inquiry: Inquiry,
    /// The token that is granted once there is a reply.
    grant: Option<Grant>,
}

impl TokenRequest {
    pub(crate) fn new(start: Start, parts: Vec<Arc<dyn Part>>) -> Self {
        let turn = Turn { speakers: speakers(&parts), reserve: Vec::new(), receipt: None, lapse: None };
        let (reserve, receipt) = (Vec::new(), None);
        Self { start, parts, reserve, receipt, turn, begun_anew: 0, asked: None, wanted: None }
    }

    pub(crate) fn with_reserve(mut self, reserve: Vec<Arc<dyn Part>>) -> Self {
        self.turn.reserve = reserve.clone();
        self.reserve = reserve;
        self
    }

    pub(crate) fn with_receipt(mut self, receipt: Option<Secret>) -> Self {
        self.turn.receipt = receipt.clone();
        self.receipt = receipt;
        self
    }

    fn request(&self, at: &mut Moment<'_>) -> Result<Request<SecretBytes>, LoginError> {
        let unusable = |_| LoginError::Garbled("the auth URL cannot be asked for tokens");
        let url = self.url()?;
        let said = |speaker: &Speaker| {
            let said = speaker.part.say(speaker.told.as_ref(), &url, at)?;
            Ok((speaker.part.name().to_owned(), said))
        };
        let said: Vec<(String, Said)> =
            self.turn.speakers.iter().map(said).collect::<Result<_, LoginError>>()?;
        let mut request = Request::post(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(self.body(&said))
            .map_err(unusable)?;
        let headers = said.into_iter().flat_map(|(_, said)| said.headers);
        let receipt = self.turn.receipt.iter().map(|receipt| (RECEIPT, receipt.clone()));
        for (name, value) in headers.chain(receipt) {
            let value = value.header().map_err(|_| LoginError::Garbled("a secret is no header value"))?;
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }

    fn url(&self) -> Result<Uri, LoginError> {
        let query = if self.start.catalog { "" } else { "?nocatalog" };
        let url = format!("{}/auth/tokens{query}", v3_url(&self.start.auth_url));
        url.parse().map_err(|_| LoginError::Garbled("the auth URL is none"))
    }

    /// What the first of the parts that has something to ask wants asked.
    fn listen(&self, answer: &Response<Vec<u8>>) -> Result<Option<(usize, Inquiry)>, LoginError> {
        let url = self.url()?;
        for (index, speaker) in self.turn.speakers.iter().enumerate() {
            if let Some(inquiry) = speaker.part.heard(answer, speaker.told.as_ref(), &url)? {
                if speaker.rounds >= MOST_ROUNDS {
                    return Err(LoginError::Garbled("its handshake has no end"));
                }
                return Ok(Some((index, inquiry)));
            }
        }
        Ok(None)
    }

    /// What was said in a handshake is not said twice: where the answer got lost, it begins anew.
    fn begin_lost_handshakes_anew(&mut self) {
        for speaker in self.turn.speakers.iter_mut().filter(|speaker| speaker.shakes_hands() && speaker.used)
        {
            *speaker = Speaker::new(Arc::clone(&speaker.part));
        }
    }

    fn granted(&self, answer: &Response<Vec<u8>>) -> Result<Grant, LoginError> {
        let mut grant = Grant::new(read(answer)?);
        grant.issuer = v3_url(&self.start.auth_url).parse().ok();
        grant.asked = self.asked;
        Ok(grant)
    }

    /// Written by hand around the parts, so that their secrets are copied once.
    fn body(&self, said: &[(String, Said)]) -> SecretBytes {
        let names: Vec<&str> = said.iter().map(|(name, _)| name.as_str()).collect();
        let scope = self.start.scope.wire().map(|scope| text(&scope));
        let head = format!(r#"{{"auth":{{"identity":{{"methods":{}"#, text(&names));
        let parts: usize = said.iter().map(|(name, said)| name.len() + said.json.reveal().len() + 16).sum();
        let mut body = Vec::with_capacity(head.len() + parts + scope.as_ref().map_or(0, String::len) + 32);
        body.extend_from_slice(head.as_bytes());
        for (name, said) in said {
            body.extend_from_slice(format!(",{}:", text(name)).as_bytes());
            body.extend_from_slice(said.json.reveal());
        }
        body.push(b'}');
        if let Some(scope) = scope {
            body.extend_from_slice(format!(r#","scope":{scope}"#).as_bytes());
        }
        body.extend_from_slice(b"}}");
        SecretBytes::new(body)
    }

    /// Goes on with what a receipt asks for, if that is at hand.
    fn go_on(&mut self, receipt: Receipt, headers: &HeaderMap, now: Now) -> Result<(), LoginError> {
        let at_hand = |name: &&str| self.turn.reserve.iter().any(|part| part.name() == *name);
        let missing = receipt.missing();
        let rule = missing.iter().find(|rule| !rule.is_empty() && rule.iter().all(at_hand));
        let Some(rule) = rule else {
            let request_id = RequestId::of(headers);
            return Err(LoginError::MoreNeeded { receipt: Box::new(receipt), request_id });
        };
        // Each is said once: a Keystone that keeps asking for the same would be asked for ever.
        let reserve = std::mem::take(&mut self.turn.reserve);
        let (chosen, reserve): (Vec<_>, _) =
            reserve.into_iter().partition(|part| rule.contains(&part.name()));
        let lapse = receipt.life().map(|life| (self.asked.unwrap_or(now), life));
        self.turn = Turn { speakers: speakers(&chosen), reserve, receipt: Some(receipt.id.clone()), lapse };
        Ok(())
    }

    /// Begins anew if the receipt that it had got has ended, which an outage may outlive: Keystone
    /// would refuse it, and what is right would be taken for wrong. A Keystone whose receipts end as
    /// they begin is not asked for ever.
    fn renew_receipt(&mut self, now: Now) {
        let lapsed = self.turn.lapse.is_some_and(|(asked, life)| now.since(asked) >= life);
        if lapsed && self.begun_anew < MOST_ROUNDS {
            self.begun_anew += 1;
            let Self { parts, reserve, receipt, .. } = self;
            let speakers = speakers(parts);
            self.turn = Turn { speakers, reserve: reserve.clone(), receipt: receipt.clone(), lapse: None };
        }
    }
}

fn speakers(parts: &[Arc<dyn Part>]) -> Vec<Speaker> {
    parts.iter().cloned().map(Speaker::new).collect()
}

impl Exchange for TokenRequest {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if let Some(wanted) = &self.wanted {
            return Ok(Step::Consult(wanted.inquiry.clone()));
        }
        self.renew_receipt(at.now());
        self.begin_lost_handshakes_anew();
        let untold = self.turn.speakers.iter().filter(|speaker| speaker.told.is_none());
        if let Some(inquiry) = untold.filter_map(|speaker| speaker.part.inquiry()).next() {
            return Ok(Step::Consult(inquiry));
        }
        let request = self.request(at)?;
        self.asked = Some(at.now());
        let once = self.turn.speakers.iter().any(|speaker| {
            (speaker.told.is_some() && !speaker.shakes_hands()) || speaker.part.uses() == Some(1)
        });
        self.turn.speakers.iter_mut().for_each(|speaker| speaker.used = true);
        Ok(if once { Step::AskOnce(request) } else { Step::Ask(request) })
    }

    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        if let Some(Wanted { speaker, grant, .. }) = self.wanted.take() {
            if let Some(speaker) = self.turn.speakers.get_mut(speaker) {
                *speaker = Speaker {
                    told: Some(reply),
                    rounds: speaker.rounds + 1,
                    ..Speaker::new(Arc::clone(&speaker.part))
                };
            }
            return Ok(grant);
        }
        let mut untold = self.turn.speakers.iter_mut().filter(|speaker| speaker.told.is_none());
        if let Some(speaker) = untold.find(|speaker| speaker.part.inquiry().is_some()) {
            speaker.told = Some(reply);
        }
        Ok(None)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        if answer.status() == StatusCode::UNAUTHORIZED {
            if let Some(receipt) = Receipt::of(answer) {
                return self.go_on(receipt, answer.headers(), at.now()).map(|()| None);
            }
        }
        let Some((speaker, inquiry)) = self.listen(answer)? else { return self.granted(answer).map(Some) };
        let grant = if answer.status().is_success() { Some(self.granted(answer)?) } else { None };
        self.wanted = Some(Wanted { speaker, inquiry, grant });
        Ok(None)
    }
}

/// JSON without secrets.
fn text(value: &(impl Serialize + ?Sized)) -> String {
    // Writing plain structs to memory cannot fail: no map has keys other than text.
    serde_json::to_string(value).unwrap_or_default()
}

/// The token in an answer, or why there is none.
pub(crate) fn read(answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    if answer.status().is_success() {
        granted(answer)
    } else {
        Err(refused_or_busy(answer, keystones_words(answer)))
    }
}

/// What an answer that is no success means.
pub(crate) fn refused_or_busy(answer: &Response<Vec<u8>>, message: String) -> LoginError {
    let request_id = RequestId::of(answer.headers());
    match answer.status() {
        StatusCode::UNAUTHORIZED => LoginError::Refused { message, request_id },
        status if busy(status) => LoginError::Busy { status },
        status => LoginError::Denied { status, message, request_id },
    }
}

/// Whether somebody is there and cannot answer now.
pub(crate) fn busy(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn granted(answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    let id = answer.headers().get(X_SUBJECT_TOKEN).ok_or(LoginError::Garbled("it has no X-Subject-Token"))?;
    let id = id.to_str().map_err(|_| LoginError::Garbled("its X-Subject-Token is not text"))?;
    described(Secret::new(id), answer)
}

/// A token that was had by other ways, with Keystone's description of it (`GET /v3/auth/tokens`).
pub(crate) fn described_by(id: Secret, answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    if answer.status().is_success() {
        described(id, answer)
    } else {
        Err(refused_or_busy(answer, keystones_words(answer)))
    }
}

pub(super) fn described(id: Secret, answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    Ok(Token { id, description: Description::from_json(answer.body())? })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    message: String,
}

/// Keystone's words. What it may have repeated of a secret is taken out by [`super::super::Login`].
pub(crate) fn keystones_words(answer: &Response<Vec<u8>>) -> String {
    let body: ErrorBody = serde_json::from_slice(answer.body()).unwrap_or_default();
    if body.error.message.is_empty() { "it gave no reason".to_owned() } else { body.error.message }
}
