// SPDX-License-Identifier: GPL-3.0-or-later
//! ECDSA over the curve of Ed25519 with nonces by RFC 6979, as libgcrypt does it for keys of
//! `(genkey (ecdsa (curve Ed25519) (flags rfc6979)))`. This is *not* EdDSA: that has another equation.
//!
//! What touches secrets (the nonce, the key) is computed by `curve25519-dalek`, in constant time. The
//! affine coordinate of a point, which that does not offer, is only computed of public points.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use num_bigint::BigUint;

use crate::hash::{HashAlgorithm, Hasher};

/// By how many bits a SHA-256 is longer than the order of the curve's group, which has 253.
const EXCESS: u32 = 3;

/// A secret number and its public point, from 64 random bytes.
pub(super) fn generate(random: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let secret = Scalar::from_bytes_mod_order_wide(random);
    let public = EdwardsPoint::mul_base(&secret).compress().to_bytes();
    (public, reversed(secret.to_bytes()))
}

/// The point that belongs to SECRET; `None` if that is no number below the order.
pub(super) fn public_of(secret: &[u8]) -> Option<[u8; 32]> {
    Some(EdwardsPoint::mul_base(&secret_scalar(secret)?.0).compress().to_bytes())
}

/// Sign HASH with SECRET, a big-endian number: the two numbers of the signature. `None` if the secret
/// is none.
pub(super) fn sign(secret: &[u8], hash: &[u8; 32]) -> Option<([u8; 32], [u8; 32])> {
    let (key, bytes) = secret_scalar(secret)?;
    let z = truncate(hash);
    let mut nonces = Nonces::new(&bytes, &reversed(z.to_bytes()));
    loop {
        let k = nonces.next();
        let r = x_modulo_order(&EdwardsPoint::mul_base(&k))?;
        let s = k.invert() * (z + r * key);
        if r != Scalar::ZERO && s != Scalar::ZERO {
            return Some((reversed(r.to_bytes()), reversed(s.to_bytes())));
        }
    }
}

/// Whether (R, S), big-endian, is a signature of HASH by whoever has the secret of PUBLIC.
pub(super) fn verify(public: &[u8], hash: &[u8; 32], r: &[u8], s: &[u8]) -> bool {
    let check = || {
        let point = point(public)?;
        let (r, s) = (scalar(r)?, scalar(s)?);
        if r == Scalar::ZERO || s == Scalar::ZERO {
            return None;
        }
        let w = s.invert();
        let (u1, u2) = (truncate(hash) * w, r * w);
        let sum = EdwardsPoint::vartime_double_scalar_mul_basepoint(&u2, &point, &u1);
        (!sum.is_identity() && x_modulo_order(&sum)? == r).then_some(())
    };
    check().is_some()
}

/// A public point as libgcrypt writes it: compressed, maybe after a byte `40`, or both coordinates in
/// full after a byte `04`.
fn point(bytes: &[u8]) -> Option<EdwardsPoint> {
    let compressed: [u8; 32] = match bytes {
        [0x40, rest @ ..] if rest.len() == 32 => rest.try_into().ok()?,
        [0x04, rest @ ..] if rest.len() == 64 => {
            let mut y: [u8; 32] = reversed(rest[32..].try_into().ok()?);
            if y[31] & 0x80 != 0 {
                return None;
            }
            y[31] |= (rest[31] & 1) << 7;
            let point = CompressedEdwardsY(y).decompress()?;
            return (affine_x(&point)? == BigUint::from_bytes_be(&rest[..32])).then_some(point);
        }
        _ => bytes.try_into().ok()?,
    };
    CompressedEdwardsY(compressed).decompress().filter(|point| !point.is_identity())
}

/// The secret number that SECRET, big-endian, is, modulo the order, and in 32 bytes as it is. Those of
/// libgcrypt have 255 bits, more than the order; nonces are drawn from the number as it is.
fn secret_scalar(secret: &[u8]) -> Option<(Scalar, [u8; 32])> {
    let mut bytes = [0; 32];
    bytes[32usize.checked_sub(secret.len())?..].copy_from_slice(secret);
    Some((Scalar::from_bytes_mod_order(reversed(bytes)), bytes))
}

/// The number below the order whose big-endian bytes are BYTES.
fn scalar(bytes: &[u8]) -> Option<Scalar> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    let mut little = [0; 32];
    little.get_mut(..bytes.len())?.copy_from_slice(bytes);
    little[..bytes.len()].reverse();
    Scalar::from_canonical_bytes(little).into_option()
}

fn reversed(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes.reverse();
    bytes
}

/// The first 253 bits of HASH, modulo the order.
fn truncate(hash: &[u8; 32]) -> Scalar {
    let mut little = [0; 32];
    let mut carry = 0;
    for (byte, shifted) in hash.iter().zip(little.iter_mut().rev()) {
        *shifted = (byte >> EXCESS) | carry;
        carry = byte << (8 - EXCESS);
    }
    Scalar::from_bytes_mod_order(little)
}

fn x_modulo_order(point: &EdwardsPoint) -> Option<Scalar> {
    let mut bytes = affine_x(point)?.to_bytes_le();
    bytes.resize(32, 0);
    Some(Scalar::from_bytes_mod_order(bytes.try_into().ok()?))
}

/// The x of a public POINT, recovered from its compressed form by the curve's equation,
/// x² = (y² - 1) / (d·y² + 1).
fn affine_x(point: &EdwardsPoint) -> Option<BigUint> {
    let one = BigUint::from(1u8);
    let p = (&one << 255u32) - BigUint::from(19u8);
    let mut y = point.compress().to_bytes();
    let odd = y[31] >> 7 == 1;
    y[31] &= 0x7f;
    let y = BigUint::from_bytes_le(&y);
    let yy = &y * &y % &p;
    let minus = |a: &BigUint, b: &BigUint| (a + &p - b) % &p;
    let inverse = |a: &BigUint| a.modpow(&(&p - BigUint::from(2u8)), &p);
    // d = -121665/121666
    let d = minus(&BigUint::ZERO, &BigUint::from(121_665u32)) * inverse(&BigUint::from(121_666u32));
    let xx = minus(&yy, &one) * inverse(&((d % &p * &yy + &one) % &p)) % &p;
    let mut x = xx.modpow(&((&p + BigUint::from(3u8)) >> 3u32), &p);
    if &x * &x % &p != xx {
        let root = BigUint::from(2u8).modpow(&((&p - &one) >> 2u32), &p);
        x = x * root % &p;
    }
    if &x * &x % &p != xx {
        return None;
    }
    if x.bit(0) != odd {
        x = minus(&BigUint::ZERO, &x);
    }
    Some(x)
}

/// Nonces by RFC 6979, section 3.2, with HMAC-SHA-256.
struct Nonces {
    key: [u8; 32],
    value: [u8; 32],
}

impl Nonces {
    fn new(secret: &[u8; 32], hash: &[u8; 32]) -> Self {
        let mut this = Self { key: [0; 32], value: [1; 32] };
        for mark in [0, 1] {
            this.key = hmac(&this.key, &[&this.value, &[mark], secret, hash]);
            this.value = hmac(&this.key, &[&this.value]);
        }
        this
    }

    fn next(&mut self) -> Scalar {
        loop {
            self.value = hmac(&self.key, &[&self.value]);
            let candidate = {
                let mut little = [0; 32];
                let mut carry = 0;
                for (byte, shifted) in self.value.iter().zip(little.iter_mut().rev()) {
                    *shifted = (byte >> EXCESS) | carry;
                    carry = byte << (8 - EXCESS);
                }
                Scalar::from_canonical_bytes(little).into_option()
            };
            match candidate {
                Some(k) if k != Scalar::ZERO => return k,
                _ => {
                    self.key = hmac(&self.key, &[&self.value, &[0]]);
                    self.value = hmac(&self.key, &[&self.value]);
                }
            }
        }
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let pad = |mask: u8| {
        let mut block = [mask; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let digest = |first: [u8; 64], parts: &[&[u8]]| {
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        hasher.update(&first);
        parts.iter().for_each(|part| hasher.update(part));
        let mut out = [0; 32];
        out.copy_from_slice(hasher.finish().as_bytes());
        out
    };
    let inner = digest(pad(0x36), parts);
    digest(pad(0x5c), &[&inner])
}
