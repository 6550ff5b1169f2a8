// SPDX-License-Identifier: GPL-3.0-or-later
//! Verifying what keys of other kinds have signed: ECDSA over the curves of NIST, and RSA (PKCS #1,
//! version 1.5). There are no secrets here, so plain big integers do.

use num_bigint::BigUint;

/// A curve y² = x³ - 3x + b modulo p, with a base point of prime order n.
struct Curve {
    names: &'static [&'static str],
    /// Bits of p and n.
    bits: u32,
    p: &'static str,
    b: &'static str,
    n: &'static str,
    x: &'static str,
    y: &'static str,
}

/// FIPS 186-4, appendix D.1.2.
const CURVES: [Curve; 3] = [
    Curve {
        names: &["NIST P-256", "P-256", "nistp256", "secp256r1", "prime256v1"],
        bits: 256,
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        x: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        y: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    },
    Curve {
        names: &["NIST P-384", "P-384", "nistp384", "secp384r1"],
        bits: 384,
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        x: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        y: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    },
    Curve {
        names: &["NIST P-521", "P-521", "nistp521", "secp521r1"],
        bits: 521,
        p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        n: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        x: "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        y: "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    },
];

/// A point; `None` is the one at infinity.
type Point = Option<(BigUint, BigUint)>;

struct Field {
    p: BigUint,
}

impl Field {
    fn minus(&self, a: &BigUint, b: &BigUint) -> BigUint {
        (a + &self.p - b % &self.p) % &self.p
    }

    fn inverse(&self, a: &BigUint) -> BigUint {
        a.modpow(&(&self.p - 2u8), &self.p)
    }

    fn add(&self, one: &Point, other: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (one, other) else {
            return one.clone().or_else(|| other.clone());
        };
        let slope = if x1 != x2 {
            self.minus(y2, y1) * self.inverse(&self.minus(x2, x1)) % &self.p
        } else if y1 == y2 && *y1 != BigUint::ZERO {
            // The coefficient of x is -3 in all these curves.
            let top = self.minus(&(x1 * x1 * 3u8 % &self.p), &BigUint::from(3u8));
            top * self.inverse(&(y1 * 2u8 % &self.p)) % &self.p
        } else {
            return None;
        };
        let x = self.minus(&(&slope * &slope % &self.p), &(x1 + x2));
        let y = self.minus(&(slope * self.minus(x1, &x) % &self.p), y1);
        Some((x, y))
    }

    fn multiply(&self, point: &Point, factor: &BigUint) -> Point {
        let mut sum = None;
        for bit in (0..factor.bits()).rev() {
            sum = self.add(&sum, &sum);
            if factor.bit(bit) {
                sum = self.add(&sum, point);
            }
        }
        sum
    }
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default()
}

/// Whether the curve called NAME is known.
pub(super) fn is_curve(name: &[u8]) -> bool {
    CURVES.iter().any(|curve| curve.names.iter().any(|n| n.as_bytes() == name))
}

/// Whether (R, S) is a signature of HASH, a SHA-256, under the key PUBLIC (`04`, x, y) of the curve
/// called NAME.
pub(super) fn verify_ecdsa(name: &[u8], public: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> bool {
    let check = || {
        let curve = CURVES.iter().find(|c| c.names.iter().any(|n| n.as_bytes() == name))?;
        let field = Field { p: number(curve.p) };
        let n = number(curve.n);
        let size = curve.bits.div_ceil(8) as usize;
        let [0x04, both @ ..] = public else { return None };
        if both.len() != 2 * size {
            return None;
        }
        let (x, y) = (BigUint::from_bytes_be(&both[..size]), BigUint::from_bytes_be(&both[size..]));
        let right = &x * &x * &x + number(curve.b) + (&field.p - &x % &field.p) * 3u8;
        if x >= field.p || y >= field.p || &y * &y % &field.p != right % &field.p {
            return None;
        }
        let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
        let in_range = |k: &BigUint| *k != BigUint::ZERO && *k < n;
        if !in_range(&r) || !in_range(&s) {
            return None;
        }
        // No curve here is shorter than the hash.
        let z = BigUint::from_bytes_be(hash);
        let w = s.modpow(&(&n - 2u8), &n);
        let base = Some((number(curve.x), number(curve.y)));
        let one = field.multiply(&base, &(z * &w % &n));
        let other = field.multiply(&Some((x, y)), &(&r * w % &n));
        let (x, _) = field.add(&one, &other)?;
        (x % n == r).then_some(())
    };
    check().is_some()
}

/// `DigestInfo` of a SHA-256 (RFC 8017, section 9.2).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
/// Longer moduli would only keep us busy.
const LONGEST_MODULUS: u64 = 16_384;
/// Shorter ones are no protection.
const SHORTEST_MODULUS: u64 = 1024;

/// Whether SIGNATURE is one of HASH, a SHA-256, by PKCS #1, version 1.5, under the key (N, E).
pub(super) fn verify_rsa(n: &[u8], e: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
    let signature = BigUint::from_bytes_be(signature);
    let usable = (SHORTEST_MODULUS..=LONGEST_MODULUS).contains(&n.bits()) && n.bit(0);
    if !usable || e.bits() > 64 || e <= BigUint::from(1u8) || signature >= n {
        return false;
    }
    let size = usize::try_from(n.bits().div_ceil(8)).unwrap_or_default();
    // The only right message is made and compared: nothing is parsed.
    let padding = size - 3 - DIGEST_INFO.len() - hash.len();
    let mut expected = vec![0, 1];
    expected.resize(2 + padding, 0xff);
    expected.push(0);
    expected.extend_from_slice(&DIGEST_INFO);
    expected.extend_from_slice(hash);
    signature.modpow(&e, &n) == BigUint::from_bytes_be(&expected)
}
