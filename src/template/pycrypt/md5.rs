//! `$1$`: a thousand rounds of MD5.

use super::push_digits;
use md5::{Digest as _, Md5};

pub(super) fn hash(password: &[u8], salt: &str) -> String {
    let alternate = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut start = Md5::new().chain_update(password).chain_update("$1$").chain_update(salt);
    start.update(alternate.iter().cycle().take(password.len()).copied().collect::<Vec<u8>>());
    let mut length = password.len();
    while length > 0 {
        // the first byte of the password stands in for zero bits
        start.update(if length & 1 == 1 { &[0][..] } else { &password[..1] });
        length >>= 1;
    }
    let mut digest = start.finalize().to_vec();
    for round in 0..1000 {
        let mut next = Md5::new();
        next.update(if round & 1 == 1 { password } else { &digest[..] });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if round & 1 == 1 { &digest[..] } else { password });
        digest = next.finalize().to_vec();
    }
    let mut out = format!("$1${salt}$");
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        push_digits([digest[a], digest[b], digest[c]], 4, &mut out);
    }
    push_digits([0, 0, digest[11]], 2, &mut out);
    out
}
