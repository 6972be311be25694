//! Frames: what controller and agent speak over any pair of byte streams.
//!
//! A frame is twelve bytes of head (length of the body, kind, flags, route, request; big endian) and a body of at most
//! [`CHUNK`] bytes. A longer body is cut into frames of the same kind and request of which only the last one has
//! [`LAST`] set, so frames of other requests pass between them and neither side holds more than it must.
//!
//! A request is one job. `route` says which agent is meant: 0 is the one at the end of the connection, the others are
//! agents under other users that it started; it passes their frames on unread.

use bytes::{BufMut, Bytes, BytesMut};
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Changes whenever the two ends would misunderstand each other.
pub const PROTOCOL: i64 = 1;

/// The longest body.
pub const CHUNK: usize = 256 * 1024;

/// The length of a head.
pub const HEAD: usize = 12;

/// Set on the last frame of a body.
pub const LAST: u8 = 1;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Agent: who and where I am (JSON). The first frame.
    Hello = 1,
    /// Controller: a job's head (JSON).
    Job = 2,
    /// Either: content of a job or a reply. One body is one blob, they come in order.
    Blob = 3,
    /// Controller: the job is complete, run it.
    Go = 4,
    /// Agent: the result's head (JSON); its blobs follow.
    Result = 5,
    /// Agent: the reply is complete.
    Done = 6,
    /// Controller: nobody waits for this any more; end what it started.
    Cancel = 7,
    /// Controller: start an agent as another user, reachable by this route (JSON).
    Escalate = 8,
    /// Agent: it could not be done at all (JSON: `msg`, `kind`).
    Refused = 9,
    /// Agent: the agent of this route has ended (JSON: `msg`).
    Gone = 10,
    /// Controller: end the agent of this route.
    Leave = 11,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        const KINDS: [Kind; 11] = [
            Kind::Hello,
            Kind::Job,
            Kind::Blob,
            Kind::Go,
            Kind::Result,
            Kind::Done,
            Kind::Cancel,
            Kind::Escalate,
            Kind::Refused,
            Kind::Gone,
            Kind::Leave,
        ];
        KINDS.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Whether the body ends here.
    pub last: bool,
    /// Which agent.
    pub route: u16,
    /// Which job.
    pub request: u32,
    /// The body, or a piece of it.
    pub body: Bytes,
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Length of the body.
    pub length: usize,
    /// What it is.
    pub kind: Kind,
    /// Whether the body ends here.
    pub last: bool,
    /// Which agent.
    pub route: u16,
    /// Which job.
    pub request: u32,
}

impl Head {
    /// Reads a head.
    ///
    /// # Errors
    /// When these bytes are no head: the stream cannot be trusted from here on.
    pub fn decode(bytes: &[u8; HEAD]) -> io::Result<Head> {
        let [a, b, c, d, kind, flags, route_high, route_low, w, x, y, z] = *bytes;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let kind = Kind::of(kind).ok_or_else(|| broken(format!("unknown kind {kind}")))?;
        if length > CHUNK {
            return Err(broken(format!("a body of {length} bytes")));
        }
        Ok(Head {
            length,
            kind,
            last: flags & LAST != 0,
            route: u16::from_be_bytes([route_high, route_low]),
            request: u32::from_be_bytes([w, x, y, z]),
        })
    }

    /// Writes a head.
    pub fn encode(&self) -> [u8; HEAD] {
        let [a, b, c, d] = (self.length as u32).to_be_bytes();
        let [route_high, route_low] = self.route.to_be_bytes();
        let [w, x, y, z] = self.request.to_be_bytes();
        [a, b, c, d, self.kind as u8, if self.last { LAST } else { 0 }, route_high, route_low, w, x, y, z]
    }
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a frame: {what}"))
}

impl Frame {
    /// A whole body in one frame.
    pub fn new(kind: Kind, route: u16, request: u32, body: impl Into<Bytes>) -> Frame {
        Frame { kind, last: true, route, request, body: body.into() }
    }

    /// A body of any length, cut into frames.
    pub fn cut(kind: Kind, route: u16, request: u32, body: impl Into<Bytes>) -> impl Iterator<Item = Frame> {
        let mut rest: Bytes = body.into();
        let mut done = false;
        std::iter::from_fn(move || {
            if done {
                return None;
            }
            let body = rest.split_to(rest.len().min(CHUNK));
            done = rest.is_empty();
            Some(Frame { kind, last: done, route, request, body })
        })
    }

    /// The frame's head.
    pub fn head(&self) -> Head {
        Head { length: self.body.len(), kind: self.kind, last: self.last, route: self.route, request: self.request }
    }

    fn of(head: Head, body: Bytes) -> Frame {
        Frame { kind: head.kind, last: head.last, route: head.route, request: head.request, body }
    }
}

/// Writes a frame with one system call where it is small.
pub fn write(to: &mut impl Write, frame: &Frame) -> io::Result<()> {
    let head = frame.head().encode();
    if frame.body.len() <= 4096 {
        let mut both = Vec::with_capacity(HEAD + frame.body.len());
        both.extend_from_slice(&head);
        both.extend_from_slice(&frame.body);
        to.write_all(&both)?;
    } else {
        to.write_all(&head)?;
        to.write_all(&frame.body)?;
    }
    to.flush()
}

/// Reads a frame; `None` when the stream ends between two frames.
pub fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD];
    let mut filled = 0;
    while filled < HEAD {
        match from.read(&mut head[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let head = Head::decode(&head)?;
    let mut body = vec![0; head.length];
    from.read_exact(&mut body)?;
    Ok(Some(Frame::of(head, body.into())))
}

/// As [`write()`], on a runtime.
pub async fn send(to: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let head = frame.head().encode();
    if frame.body.len() <= 4096 {
        let mut both = BytesMut::with_capacity(HEAD + frame.body.len());
        both.put_slice(&head);
        both.put_slice(&frame.body);
        to.write_all(&both).await?;
    } else {
        to.write_all(&head).await?;
        to.write_all(&frame.body).await?;
    }
    to.flush().await
}

/// As [`read`], on a runtime. Not cancel safe: a dropped call loses the place in the stream.
pub async fn receive(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD];
    let mut filled = 0;
    while filled < HEAD {
        match from.read(&mut head[filled..]).await? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    let head = Head::decode(&head)?;
    let mut body = vec![0; head.length];
    from.read_exact(&mut body).await?;
    Ok(Some(Frame::of(head, body.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_is_cut_and_only_its_last_frame_says_so() {
        let frames: Vec<Frame> = Frame::cut(Kind::Blob, 3, 9, vec![7; CHUNK * 2 + 5]).collect();
        assert_eq!(
            frames.iter().map(|f| (f.body.len(), f.last)).collect::<Vec<_>>(),
            [(CHUNK, false), (CHUNK, false), (5, true)]
        );
        assert_eq!(Frame::cut(Kind::Blob, 0, 1, vec![]).count(), 1, "an empty body is a body");
    }

    #[test]
    fn what_is_written_is_read() {
        let frames = [
            Frame::new(Kind::Job, 0, 1, &b"{}"[..]),
            Frame { kind: Kind::Blob, last: false, route: 65535, request: u32::MAX, body: vec![1; CHUNK].into() },
        ];
        let mut stream = Vec::new();
        frames.iter().for_each(|frame| write(&mut stream, frame).expect("to memory"));
        let mut from = &stream[..];
        assert_eq!(read(&mut from).expect("a frame").as_ref(), Some(&frames[0]));
        assert_eq!(read(&mut from).expect("a frame").as_ref(), Some(&frames[1]));
        assert_eq!(read(&mut from).expect("the end"), None);
    }

    #[test]
    fn what_is_no_frame_is_refused_before_memory_is_taken_for_it() {
        let mut from = &b"Welcome to host"[..];
        assert_eq!(read(&mut from).expect_err("no frame").kind(), io::ErrorKind::InvalidData);
        let mut from = &[0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0, 0][..];
        assert_eq!(read(&mut from).expect_err("too long").kind(), io::ErrorKind::InvalidData);
        let mut from = &[0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0, 0, 1][..];
        assert_eq!(read(&mut from).expect_err("cut off").kind(), io::ErrorKind::UnexpectedEof);
    }
}
