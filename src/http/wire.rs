//! HTTP/1.1 on the wire: the head of an answer, and its content.

use super::connect::Stream;
use super::{Failure, Headers, header};
use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// A line of a head may be this long, as in Python.
const MAX_LINE: u64 = 65_536;
/// A head may have this many headers, as in Python.
const MAX_HEADERS: usize = 100;

type Reader = BufReader<Stream>;

/// The head of an answer.
pub(super) struct Head {
    pub status: u16,
    pub reason: String,
    pub headers: Headers,
}

/// The system's words for an error on a connection, as Python gives them.
pub(super) fn words(error: &io::Error) -> String {
    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        return "timed out".into();
    }
    match error.raw_os_error() {
        Some(errno) => {
            let text = error.to_string();
            format!("[Errno {errno}] {}", text.rsplit_once(" (os error").map_or(text.as_str(), |(words, _)| words))
        }
        None => error.to_string(),
    }
}

fn broken(error: &io::Error) -> Failure {
    Failure::Broken(words(error))
}

pub(super) fn read_head(stream: Stream) -> Result<(Head, Reader), Failure> {
    let mut reader = BufReader::new(stream);
    loop {
        let head = one_head(&mut reader)?;
        // 100 Continue and its kin announce the answer
        if !(100..200).contains(&head.status) || head.status == 101 {
            return Ok((head, reader));
        }
    }
}

fn one_head(reader: &mut Reader) -> Result<Head, Failure> {
    let line = line(reader)?;
    if line.is_empty() {
        return Err(Failure::Broken("Remote end closed connection without response".into()));
    }
    let bad = || {
        Failure::Broken(format!(
            "connection was closed before a valid response was received: {}",
            line.trim_end_matches(['\r', '\n'])
        ))
    };
    let mut parts = line.trim_end_matches(['\r', '\n']).splitn(3, ' ');
    let version = parts.next().unwrap_or_default();
    let status = parts.next().and_then(|code| code.trim().parse().ok()).filter(|code| (100..1000).contains(code));
    let (true, Some(status)) = (version.starts_with("HTTP/"), status) else { return Err(bad()) };
    let reason = parts.next().unwrap_or_default().trim().to_string();
    let mut headers = Headers::new();
    loop {
        let line = self::line(reader)?;
        let text = line.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Ok(Head { status, reason, headers });
        }
        if headers.len() >= MAX_HEADERS {
            return Err(Failure::Broken(format!("got more than {MAX_HEADERS} headers")));
        }
        if text.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            // a header that goes on
            value.push_str("\r\n");
            value.push_str(text);
        } else if let Some((name, value)) = text.split_once(':') {
            headers.push((name.trim_end().to_string(), value.trim().to_string()));
        }
    }
}

/// A line with its end; bytes beyond ASCII are Latin-1.
fn line(reader: &mut Reader) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    reader.take(MAX_LINE + 1).read_until(b'\n', &mut bytes).map_err(|error| broken(&error))?;
    if bytes.len() as u64 > MAX_LINE {
        return Err(Failure::Broken("got more than 65536 bytes when reading header line".into()));
    }
    Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
}

enum Framing {
    /// This many bytes are to come.
    Length(u64),
    /// Bytes left of the current chunk; `None` before the first.
    Chunked(Option<u64>),
    /// Until the connection ends.
    Close,
    Done,
}

struct Raw {
    reader: Reader,
    framing: Framing,
}

/// The content of an answer, to be read.
pub struct Body(Box<dyn Read + Send>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl Body {
    pub(super) fn new(head: &Head, reader: Reader, method: &str, decompress: bool) -> Body {
        let has =
            |name: &str, value: &str| header(&head.headers, name).is_some_and(|text| text.eq_ignore_ascii_case(value));
        let length = header(&head.headers, "content-length").and_then(|text| text.trim().parse().ok());
        let framing = if method == "HEAD" || matches!(head.status, 204 | 304 | 100..=199) {
            Framing::Done
        } else if has("transfer-encoding", "chunked") {
            Framing::Chunked(None)
        } else {
            length.map_or(Framing::Close, Framing::Length)
        };
        let empty = matches!(framing, Framing::Done);
        let raw = Raw { reader, framing };
        if decompress && has("content-encoding", "gzip") && !empty {
            return Body(Box::new(MultiGzDecoder::new(raw)));
        }
        Body(Box::new(raw))
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

fn incomplete(missing: Option<u64>) -> io::Error {
    let text = match missing {
        Some(missing) => format!("IncompleteRead({missing} more expected)"),
        None => "IncompleteRead".to_string(),
    };
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

impl Raw {
    fn read_some(&mut self, buffer: &mut [u8], most: u64) -> io::Result<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
        self.reader.read(&mut buffer[..most])
    }

    /// The size line before a chunk.
    fn chunk_size(&mut self) -> io::Result<u64> {
        let mut line = Vec::new();
        self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line);
        let digits = text.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(digits, 16).map_err(|_| incomplete(None))
    }

    /// What may follow the last chunk.
    fn skip_trailers(&mut self) -> io::Result<()> {
        for _ in 0..MAX_HEADERS {
            let mut line = Vec::new();
            self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
            if line.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.framing {
            Framing::Done | Framing::Length(0) => Ok(0),
            Framing::Close => match self.reader.read(buffer) {
                // TLS that ends without a farewell: without a length there is nothing to compare with
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                other => other,
            },
            Framing::Length(left) => {
                let length = self.read_some(buffer, left)?;
                if length == 0 {
                    return Err(incomplete(Some(left)));
                }
                self.framing = Framing::Length(left - length as u64);
                Ok(length)
            }
            Framing::Chunked(left) => {
                let left = match left {
                    Some(0) | None => {
                        if left == Some(0) {
                            let mut end = [0; 2];
                            self.reader.read_exact(&mut end)?;
                        }
                        self.chunk_size()?
                    }
                    Some(left) => left,
                };
                if left == 0 {
                    self.skip_trailers()?;
                    self.framing = Framing::Done;
                    return Ok(0);
                }
                let length = self.read_some(buffer, left)?;
                if length == 0 {
                    return Err(incomplete(Some(left)));
                }
                self.framing = Framing::Chunked(Some(left - length as u64));
                Ok(length)
            }
        }
    }
}
