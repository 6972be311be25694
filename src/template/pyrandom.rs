//! Python's `random`: the Mersenne Twister, so that one seed gives what it gives there, and the system's own source.

use crate::error::{Error, Result};
use crate::value::Value;
use num_bigint::{BigInt, Sign};
use sha2::Digest as _;

const WORDS: usize = 624;
const MIDDLE: usize = 397;

/// A source of random numbers.
pub enum Random {
    /// The operating system's.
    System,
    /// The same numbers for the same seed.
    Seeded(Box<Twister>),
}

impl Random {
    /// `random.SystemRandom()`.
    pub fn system() -> Random {
        Random::System
    }

    /// `random.Random(seed)`; `None` seeds from the system.
    pub fn seeded(seed: &Value) -> Result<Random> {
        let key = match seed {
            Value::None => return Ok(Random::System),
            Value::Bool(_) | Value::Int(_) => BigInt::from(seed.as_i64().unwrap_or_default()),
            Value::BigInt(number) => (**number).clone(),
            Value::Float(number) => BigInt::from(hash_float(*number).unsigned_abs()),
            Value::Str(text) => from_bytes(text.as_bytes()),
            Value::Bytes(bytes) => from_bytes(bytes),
            _ => {
                return Err(Error::template(
                    "The only supported seed types are: None,\nint, float, str, bytes, and bytearray.",
                ));
            }
        };
        Ok(Random::Seeded(Box::new(Twister::new(&key.magnitude().to_u32_digits()))))
    }

    /// `getrandbits`, at most 128.
    fn bits(&mut self, count: u32) -> u128 {
        let mut number = 0u128;
        let mut have = 0;
        while have < count {
            let word = match self {
                Random::System => system_word(),
                Random::Seeded(twister) => twister.next(),
            };
            let take = (count - have).min(32);
            number |= u128::from(word >> (32 - take)) << have;
            have += take;
        }
        number
    }

    /// A number from 0 to below `limit`, as `_randbelow`.
    pub fn below(&mut self, limit: u128) -> u128 {
        if limit == 0 {
            return 0;
        }
        let count = 128 - limit.leading_zeros();
        loop {
            let number = self.bits(count);
            if number < limit {
                return number;
            }
        }
    }

    /// `random.shuffle`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at as u128 + 1) as usize;
            items.swap(at, other);
        }
    }
}

fn system_word() -> u32 {
    // the system's source fails only where there is none at all, and then no number is safe
    getrandom::u32().unwrap_or_else(|why| panic!("the operating system has no random numbers: {why}"))
}

/// A text seeds with its bytes followed by their SHA-512.
fn from_bytes(bytes: &[u8]) -> BigInt {
    let digest = sha2::Sha512::digest(bytes);
    BigInt::from_bytes_be(Sign::Plus, &[bytes, &digest[..]].concat())
}

/// Python's `hash()` of a float.
fn hash_float(number: f64) -> i64 {
    const MODULUS_BITS: i32 = 61;
    const MODULUS: u64 = (1 << MODULUS_BITS) - 1;
    if number.is_nan() {
        return 0;
    }
    if number.is_infinite() {
        return if number > 0.0 { 314_159 } else { -314_159 };
    }
    let bits = number.abs().to_bits();
    let (mut mantissa, mut exponent) = match (bits >> 52, bits & ((1 << 52) - 1)) {
        (0, fraction) => (fraction, -1074),
        (exponent, fraction) => (fraction | 1 << 52, exponent as i32 - 1075),
    };
    if mantissa == 0 {
        return 0;
    }
    while mantissa & 1 == 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    let shift = exponent.rem_euclid(MODULUS_BITS);
    let product = u128::from(mantissa) << shift;
    let hash = (product % u128::from(MODULUS)) as i64;
    match if number < 0.0 { -hash } else { hash } {
        -1 => -2,
        hash => hash,
    }
}

/// MT19937.
pub struct Twister {
    state: [u32; WORDS],
    at: usize,
}

impl Twister {
    fn from_number(seed: u32) -> Twister {
        let mut state = [seed; WORDS];
        for at in 1..WORDS {
            let last = state[at - 1];
            state[at] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(at as u32);
        }
        Twister { state, at: WORDS }
    }

    fn new(key: &[u32]) -> Twister {
        let key = if key.is_empty() { &[0] } else { key };
        let mut twister = Twister::from_number(19_650_218);
        let state = &mut twister.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..WORDS.max(key.len()) {
            let last = state[i - 1];
            let mixed = state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_664_525);
            state[i] = mixed.wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= WORDS {
                state[0] = state[WORDS - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..WORDS - 1 {
            let last = state[i - 1];
            let mixed = state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_566_083_941);
            state[i] = mixed.wrapping_sub(i as u32);
            i += 1;
            if i >= WORDS {
                state[0] = state[WORDS - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        twister
    }

    fn next(&mut self) -> u32 {
        if self.at >= WORDS {
            for at in 0..WORDS {
                let joined = (self.state[at] & 0x8000_0000) | (self.state[(at + 1) % WORDS] & 0x7fff_ffff);
                let odd = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
                self.state[at] = self.state[(at + MIDDLE) % WORDS] ^ (joined >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: Value, limit: u128) -> u128 {
        Random::seeded(&seed).unwrap().below(limit)
    }

    #[test]
    fn a_seed_gives_what_it_gives_in_python() {
        assert_eq!(first(Value::str("foo"), 100), 58);
        assert_eq!(first(Value::Int(-7), 100), 41);
        assert_eq!(first(Value::Float(1.5), 100), 70);
        assert_eq!(first(Value::Int(42), 4), 0);
    }

    #[test]
    fn a_seeded_shuffle_is_pythons() {
        for (seed, order) in [(Value::str("x"), [5, 2, 1, 4, 3, 6]), (Value::Int(5), [2, 1, 4, 6, 3, 5])] {
            let mut items = [1, 2, 3, 4, 5, 6];
            Random::seeded(&seed).unwrap().shuffle(&mut items);
            assert_eq!(items, order);
        }
    }

    #[test]
    fn the_system_stays_below_the_limit() {
        assert!((0..1000).all(|_| Random::system().below(3) < 3));
    }
}
