//! The lines of an oslo.config file: groups, and options with the lines that continue them.

/// What stands in a file, without comments.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    Group(&'a str),
    /// The line is the first of the value's.
    Option {
        line: usize,
        name: &'a str,
        value: String,
    },
}

/// A line that is none, and what is wrong with it. Its text is not shown: it may be a secret.
type Fault = (usize, String);

pub(super) struct Lines<'a> {
    rest: &'a str,
    line: usize,
    broken: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        // Editors on Windows put a byte order mark before the text.
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 0, broken: false }
    }

    /// The next line as it is. Lines end as Python's universal newlines do.
    fn peek(&self) -> Option<(&'a str, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(end) = self.rest.find(['\n', '\r']) else { return Some((self.rest, "")) };
        let (line, rest) = self.rest.split_at(end);
        Some((line, rest.strip_prefix("\r\n").unwrap_or_else(|| rest.get(1..).unwrap_or_default())))
    }

    fn take(&mut self) -> Option<&'a str> {
        let (line, rest) = self.peek()?;
        self.rest = rest;
        self.line += 1;
        Some(line.trim_end())
    }

    /// An option, and all lines that continue it.
    fn option(&mut self, text: &'a str) -> Result<Line<'a>, Fault> {
        let line = self.line;
        let Some(sign) = text.find([':', '=']) else {
            return Err((line, "this is no option: there is neither `=` nor `:` in it".to_owned()));
        };
        let (name, value) = (text[..sign].trim(), text[sign + 1..].trim());
        if name.is_empty() {
            return Err((line, "there is no name before the sign".to_owned()));
        }
        let mut value = unquoted(value).to_owned();
        while let Some((next, _)) = self.peek() {
            if !next.starts_with([' ', '\t']) || next.trim_end().is_empty() {
                break;
            }
            self.take();
            value.push('\n');
            value.push_str(next.trim());
        }
        Ok(Line::Option { line, name, value })
    }

    fn group(&self, text: &'a str) -> Result<Line<'a>, Fault> {
        let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
            return Err((self.line, "the group's name does not end in `]`".to_owned()));
        };
        if name.trim().is_empty() {
            return Err((self.line, "the group has no name".to_owned()));
        }
        Ok(Line::Group(name.trim()))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let text = loop {
            let text = self.take()?;
            if !text.is_empty() && !text.starts_with(['#', ';']) {
                break text;
            }
        };
        let read = match text.chars().next() {
            Some(' ' | '\t') => {
                Err((self.line, "this continues nothing: an option begins at the margin".to_owned()))
            }
            Some('[') => self.group(text),
            _ => self.option(text),
        };
        self.broken = read.is_err();
        Some(read)
    }
}

/// One pair of quotes round a whole value is taken off; a lone quote is a pair.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if value.len() == 1 && value.starts_with(quote) {
            return "";
        }
        if let Some(inner) = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}
