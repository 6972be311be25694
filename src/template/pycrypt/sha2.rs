//! `$5$` and `$6$`: SHA-crypt.

use super::push_digits;
use sha2::Digest;

/// What differs between the two.
pub(super) struct Kind {
    prefix: &'static str,
    /// The order in which the digest's bytes are written.
    order: &'static [[usize; 3]],
}

pub(super) const SHA256: Kind = Kind {
    prefix: "$5$",
    order: &[
        [0, 10, 20],
        [21, 1, 11],
        [12, 22, 2],
        [3, 13, 23],
        [24, 4, 14],
        [15, 25, 5],
        [6, 16, 26],
        [27, 7, 17],
        [18, 28, 8],
        [9, 19, 29],
    ],
};

pub(super) const SHA512: Kind = Kind {
    prefix: "$6$",
    order: &[
        [0, 21, 42],
        [22, 43, 1],
        [44, 2, 23],
        [3, 24, 45],
        [25, 46, 4],
        [47, 5, 26],
        [6, 27, 48],
        [28, 49, 7],
        [50, 8, 29],
        [9, 30, 51],
        [31, 52, 10],
        [53, 11, 32],
        [12, 33, 54],
        [34, 55, 13],
        [56, 14, 35],
        [15, 36, 57],
        [37, 58, 16],
        [59, 17, 38],
        [18, 39, 60],
        [40, 61, 19],
        [62, 20, 41],
    ],
};

/// With this many rounds the hash does not name them.
const USUAL_ROUNDS: u64 = 5000;

fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = D::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().to_vec()
}

/// `source` over and over, up to `length` bytes.
fn repeated(source: &[u8], length: usize) -> Vec<u8> {
    source.iter().cycle().take(length).copied().collect()
}

pub(super) fn hash<D: Digest>(kind: &Kind, password: &[u8], salt: &str, rounds: u64) -> String {
    let salt_bytes = salt.as_bytes();
    let alternate = digest::<D>(&[password, salt_bytes, password]);
    let mut start = D::new();
    start.update(password);
    start.update(salt_bytes);
    start.update(repeated(&alternate, password.len()));
    let mut length = password.len();
    while length > 0 {
        start.update(if length & 1 == 1 { &alternate[..] } else { password });
        length >>= 1;
    }
    let mut current = start.finalize().to_vec();
    let mut by_password = D::new();
    (0..password.len()).for_each(|_| by_password.update(password));
    let by_password = repeated(&by_password.finalize(), password.len());
    let mut by_salt = D::new();
    (0..16 + usize::from(current[0])).for_each(|_| by_salt.update(salt_bytes));
    let by_salt = repeated(&by_salt.finalize(), salt.len());
    for round in 0..rounds {
        let mut next = D::new();
        next.update(if round & 1 == 1 { &by_password } else { &current });
        if round % 3 != 0 {
            next.update(&by_salt);
        }
        if round % 7 != 0 {
            next.update(&by_password);
        }
        next.update(if round & 1 == 1 { &current } else { &by_password });
        current = next.finalize().to_vec();
    }
    let mut out = match rounds {
        USUAL_ROUNDS => format!("{}{salt}$", kind.prefix),
        rounds => format!("{}rounds={rounds}${salt}$", kind.prefix),
    };
    for [a, b, c] in kind.order {
        push_digits([current[*a], current[*b], current[*c]], 4, &mut out);
    }
    match current.len() {
        32 => push_digits([0, current[31], current[30]], 3, &mut out),
        _ => push_digits([0, 0, current[63]], 2, &mut out),
    }
    out
}
