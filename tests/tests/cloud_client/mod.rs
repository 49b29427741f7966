//! A plain HTTP client for the cloud's tests: it follows nothing, retries nothing.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this")]

use http::{HeaderMap, Request};
use serde_json::Value;
use ureq::Agent;

pub struct Client(Agent);

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The token of an answer to a token request.
    pub fn token(&self) -> String {
        assert_eq!(self.status, 201, "{}", self.text());
        self.header("x-subject-token").unwrap().to_owned()
    }
}

/// One request under construction.
pub struct Call<'a> {
    agent: &'a Agent,
    request: http::request::Builder,
    body: Option<Vec<u8>>,
}

impl Client {
    pub fn new() -> Self {
        let config = Agent::config_builder();
        let config = config.http_status_as_error(false).max_redirects(0).proxy(None);
        Self(config.build().new_agent())
    }

    pub fn call(&self, method: &str, url: impl AsRef<str>) -> Call<'_> {
        let request = Request::builder().method(method).uri(url.as_ref());
        Call { agent: &self.0, request, body: None }
    }

    pub fn get(&self, url: impl AsRef<str>, token: &str) -> Answer {
        self.call("GET", url).token(token).send()
    }

    pub fn post(&self, url: impl AsRef<str>, body: &Value) -> Answer {
        self.call("POST", url).json(body).send()
    }
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("x-auth-token", token)
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub fn send(self) -> Answer {
        self.attempt().unwrap()
    }

    pub fn attempt(self) -> Result<Answer, ureq::Error> {
        let response = match self.body {
            Some(body) => self.agent.run(self.request.body(body).unwrap())?,
            None => self.agent.run(self.request.body(()).unwrap())?,
        };
        let (head, mut body) = response.into_parts();
        let body = body.with_config().limit(1 << 30).read_to_vec()?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}
