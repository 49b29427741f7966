//! Handshakes in headers: who asks without end gets no token for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use common::{answer, get, granted, start};
use http::{Response, StatusCode, Uri, header};
use keepstone_core::identity::{Fields, Moment, Part, Said};
use keepstone_core::{
    Action, Credential, Event, Failure, Inquiry, Keychain, LoginError, Reply, Secret, Session,
};

/// It asks whenever an answer has a challenge.
#[derive(Debug)]
struct Shaking;

impl Part for Shaking {
    fn name(&self) -> &str {
        "shaking"
    }

    fn fields(&self, _: &mut Fields) {}

    fn heard(
        &self,
        answer: &Response<Vec<u8>>,
        _: Option<&Secret>,
        url: &Uri,
    ) -> Result<Option<Inquiry>, LoginError> {
        let (mechanism, host) = ("Shake".to_owned(), url.host().unwrap().to_owned());
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| Secret::new(value.to_str().unwrap()));
        Ok(challenge.map(|challenge| Inquiry::Blob { mechanism, host, challenge: Some(challenge) }))
    }

    fn say(&self, told: Option<&Secret>, _: &Uri, _: &mut Moment<'_>) -> Result<Said, LoginError> {
        let said = Said::new(&serde_json::json!({}));
        Ok(told.map_or(said.clone(), |word| said.header(header::AUTHORIZATION, word.clone())))
    }
}

/// A login at a server that gives these answers, the last one for ever; how it ended, and what was said.
fn login(answers: &[Response<Vec<u8>>]) -> (Result<(), LoginError>, Vec<String>) {
    let mut keys = Keychain::new(7);
    let credential = Credential::new("http://keystone:5000", Shaking).unwrap();
    let mut call = get(&Session::of(keys.add(credential).unwrap()));
    let (mut said, mut told, mut event) = (Vec::new(), 0, Event::Begin);
    for _ in 0..100 {
        event = match call.next(&mut keys, event, start()) {
            Action::Ask(ask) => {
                let word = ask.request.headers().get(header::AUTHORIZATION);
                said.push(word.map_or("-", |word| word.to_str().unwrap()).to_owned());
                Event::Answered(answers[(said.len() - 1).min(answers.len() - 1)].clone())
            }
            Action::Consult { .. } => {
                told += 1;
                Event::Told(Reply::Answer(Ok(Secret::new(format!("word {told}")))))
            }
            Action::Send(_) => return (Ok(()), said),
            Action::Fail(Failure::Login { source, .. }) => {
                call.abandon(&mut keys);
                return (Err(source), said);
            }
            other => panic!("{other:?}"),
        };
    }
    panic!("no end: {said:?}");
}

fn challenging(mut answer: Response<Vec<u8>>) -> Response<Vec<u8>> {
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, "Shake".parse().unwrap());
    answer
}

#[test]
fn a_handshake_goes_on_until_there_is_a_token() {
    let token = granted("t", start(), 3600, &[]);
    let more = || challenging(answer(401, ""));
    let (end, said) = login(&[more(), more(), token.clone()]);
    assert_eq!((end, said.join(", ").as_str()), (Ok(()), "-, word 1, word 2"));
    let (end, said) = login(&[more(), challenging(token)]);
    assert_eq!((end, said.join(", ").as_str()), (Ok(()), "-, word 1"), "the last word is only checked");
}

#[test]
fn a_handshake_has_an_end() {
    let endless = Err(LoginError::Garbled("its handshake has no end"));
    let (end, said) = login(&[challenging(answer(401, ""))]);
    assert_eq!((end, said.len()), (endless.clone(), 9));
    // Not even with a token: the server has not proven who it is.
    let mut answers = vec![challenging(answer(401, "")); 8];
    answers.push(challenging(granted("t", start(), 3600, &[])));
    assert_eq!(login(&answers).0, endless);
}

#[test]
fn a_word_that_is_refused_is_a_refusal() {
    let (end, said) = login(&[challenging(answer(401, "")), answer(401, "")]);
    assert!(matches!(end, Err(LoginError::Refused { .. })), "{end:?}");
    assert_eq!(said.len(), 2);
    let (end, _) = login(&[answer(403, "")]);
    assert!(matches!(end, Err(LoginError::Denied { status: StatusCode::FORBIDDEN, .. })), "{end:?}");
}
