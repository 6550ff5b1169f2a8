// SPDX-License-Identifier: GPL-3.0-or-later
//! Signatures of archives, keys, and the access control list, as `(guix pki)` and `guix authenticate`
//! have them: libgcrypt's s-expressions around SHA-256 hashes.
//!
//! Keys are made and used for signing on the curve of Ed25519 (see `ed25519.rs`); signatures by keys on the
//! curves of NIST and by RSA are verified.

mod ed25519;
mod others;
mod sexp;

pub use sexp::{Sexp, SexpError};

/// Why something was not signed, or a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is no s-expression.
    #[error(transparent)]
    Sexp(#[from] SexpError),
    /// It is an s-expression of something else.
    #[error("corrupt signature data: {reason}")]
    Corrupt {
        /// What is missing or wrong.
        reason: &'static str,
    },
    /// The key is not one that may sign.
    #[error("unauthorized public key: {key}")]
    Unauthorized {
        /// The key.
        key: Sexp,
    },
    /// The key has not signed this.
    #[error("invalid signature: {signature}")]
    Invalid {
        /// The signature.
        signature: Sexp,
    },
    /// A key that cannot be used here for what it is to be used for.
    #[error("invalid key: {reason}")]
    Key {
        /// Why not.
        reason: &'static str,
    },
    /// It is no access control list.
    #[error("invalid access-control list")]
    Acl,
}

/// A public key, `(public-key …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Sexp);

impl PublicKey {
    /// The public key that TEXT, a key file, is or contains.
    pub fn parse(text: &[u8]) -> Result<PublicKey, SignatureError> {
        let sexp = Sexp::parse(text)?;
        let key = part(&sexp, "public-key");
        key.cloned().map(PublicKey).ok_or(SignatureError::Key { reason: "it is no public key" })
    }

    /// As an s-expression.
    pub fn sexp(&self) -> &Sexp {
        &self.0
    }

    /// What has the key's numbers: `(ecc …)`, `(rsa …)`.
    fn body(&self) -> Option<&Sexp> {
        self.0.items().get(1)
    }

    fn has_signed(&self, data: &Sexp, hash: &[u8; 32], value: &Sexp) -> Option<bool> {
        let body = self.body()?;
        let flags = data.get("flags").map(Sexp::items).unwrap_or_default();
        let has = |flag: &str| flags.iter().skip(1).any(|f| f.bytes() == Some(flag.as_bytes()));
        if ["eddsa", "raw", "pss", "gost", "sm2"].into_iter().any(has) {
            return None;
        }
        match body.name()? {
            b"ecc" | b"ecdsa" => {
                let (curve, q) = (body.value("curve")?, body.value("q")?);
                let value = value.get("ecdsa")?;
                let (r, s) = (value.value("r")?, value.value("s")?);
                if curve == b"Ed25519" {
                    Some(ed25519::verify(q, hash, r, s))
                } else {
                    others::is_curve(curve).then(|| others::verify_ecdsa(curve, q, hash, r, s))
                }
            }
            b"rsa" if has("pkcs1") => {
                let s = value.get("rsa")?.value("s")?;
                Some(others::verify_rsa(body.value("n")?, body.value("e")?, hash, s))
            }
            _ => None,
        }
    }
}

/// A secret key on the curve of Ed25519, with its public half.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    public: PublicKey,
    secret: Vec<u8>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A new pair from 64 bytes that nobody can guess.
    pub fn generate(random: &[u8; 64]) -> KeyPair {
        let (q, secret) = ed25519::generate(random);
        let key = Sexp::list("ecc", numbers(&[("curve", b"Ed25519"), ("q", &q)]));
        KeyPair { public: PublicKey(Sexp::list("public-key", [key])), secret: secret.to_vec() }
    }

    /// The pair of PUBLIC and the key file SECRET.
    pub fn parse(public: PublicKey, secret: &[u8]) -> Result<KeyPair, SignatureError> {
        let sexp = Sexp::parse(secret)?;
        let wrong = |reason| SignatureError::Key { reason };
        let key = part(&sexp, "private-key").ok_or(wrong("it is no secret key"))?;
        let unusable = wrong("only keys on the curve of Ed25519 can sign here");
        let body = key.items().get(1).filter(|b| matches!(b.name(), Some(b"ecc" | b"ecdsa")));
        let body = body.filter(|b| b.value("curve") == Some(b"Ed25519")).ok_or(unusable)?;
        let secret = body.value("d").ok_or(wrong("it has no secret number"))?;
        let q = ed25519::public_of(secret).ok_or(wrong("its secret number is too big"))?;
        let known = public.body().and_then(|body| body.value("q"));
        if known.is_none_or(|known| known != q && known.strip_prefix(&[0x40]) != Some(&q)) {
            return Err(wrong("the two keys are not a pair"));
        }
        Ok(KeyPair { public, secret: secret.to_vec() })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The secret half, for its file.
    pub fn secret_sexp(&self) -> Sexp {
        let q = self.public.body().and_then(|body| body.value("q")).unwrap_or_default();
        let all = numbers(&[("curve", b"Ed25519"), ("q", q), ("d", &self.secret)]);
        Sexp::list("private-key", [Sexp::list("ecc", all)])
    }

    /// Sign HASH, a SHA-256 (`signature-sexp`).
    pub fn sign(&self, hash: &[u8; 32]) -> Result<Sexp, SignatureError> {
        let unusable = SignatureError::Key { reason: "its secret number is too big" };
        let (r, s) = ed25519::sign(&self.secret, hash).ok_or(unusable)?;
        let of = Sexp::list("hash", [Sexp::atom("sha256"), Sexp::atom(*hash)]);
        let flags = Sexp::list("flags", [Sexp::atom("rfc6979")]);
        // Libgcrypt prints numbers without zeroes in front.
        let short = |bytes: &[u8; 32]| bytes.iter().copied().skip_while(|b| *b == 0).collect();
        let (r, s): (Vec<u8>, Vec<u8>) = (short(&r), short(&s));
        let value = Sexp::list("ecdsa", numbers(&[("r", &r), ("s", &s)]));
        Ok(Sexp::list(
            "signature",
            [
                Sexp::list("data", [flags, of]),
                Sexp::list("sig-val", [value]),
                self.public.0.clone(),
            ],
        ))
    }
}

/// Who may sign what is imported (`/etc/guix/acl`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl(Vec<PublicKey>);

impl Acl {
    /// The list that TEXT is: `(acl (entry KEY (tag (guix import))) …)`.
    pub fn parse(text: &[u8]) -> Result<Acl, SignatureError> {
        let sexp = Sexp::parse(text)?;
        if sexp.name() != Some(b"acl") {
            return Err(SignatureError::Acl);
        }
        let keys = sexp.items().iter().skip(1).map(|entry| match entry.items() {
            [name, key, tag] if name.bytes() == Some(b"entry") && *tag == import_tag() => {
                Ok(PublicKey(key.clone()))
            }
            _ => Err(SignatureError::Acl),
        });
        keys.collect::<Result<_, _>>().map(Acl)
    }

    /// Those who may.
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// Let whoever has the secret of KEY sign as well; false if they may already.
    pub fn authorize(&mut self, key: PublicKey) -> bool {
        let new = !self.0.contains(&key);
        if new {
            self.0.push(key);
        }
        new
    }

    /// As an s-expression, for its file.
    pub fn sexp(&self) -> Sexp {
        let entry = |key: &PublicKey| Sexp::list("entry", [key.0.clone(), import_tag()]);
        Sexp::list("acl", self.0.iter().map(entry))
    }

    /// The SHA-256 that SIGNATURE, the text of a `(signature …)`, is of, provided that its key may sign
    /// and has signed it (`validate-signature`).
    pub fn verify(&self, signature: &[u8]) -> Result<[u8; 32], SignatureError> {
        let corrupt = |reason| SignatureError::Corrupt { reason };
        let signature = Sexp::parse(signature)?;
        if signature.name() != Some(b"signature") {
            return Err(corrupt("it is no signature"));
        }
        let key = signature.get("public-key").ok_or(corrupt("there is no key"))?;
        let data = signature.get("data").ok_or(corrupt("there is no data"))?;
        let value = signature.get("sig-val").ok_or(corrupt("there is no value"))?;
        let key = PublicKey(key.clone());
        if !self.0.contains(&key) {
            return Err(SignatureError::Unauthorized { key: key.0 });
        }
        let hash = match data.get("hash").map(Sexp::items) {
            Some([_, algorithm, hash]) if algorithm.bytes() == Some(b"sha256") => hash.bytes(),
            _ => None,
        };
        let hash: [u8; 32] = hash
            .and_then(|hash| hash.try_into().ok())
            .ok_or(corrupt("it is not of a SHA-256 hash"))?;
        match key.has_signed(data, &hash, value) {
            Some(true) => Ok(hash),
            Some(false) => Err(SignatureError::Invalid { signature }),
            None => Err(corrupt("its key or value is of an unknown kind")),
        }
    }
}

fn import_tag() -> Sexp {
    Sexp::list("tag", [Sexp::list("guix", [Sexp::atom("import")])])
}

/// SEXP or the list among its items, whichever begins with NAME.
fn part<'a>(sexp: &'a Sexp, name: &str) -> Option<&'a Sexp> {
    if sexp.name() == Some(name.as_bytes()) { Some(sexp) } else { sexp.get(name) }
}

fn numbers(all: &[(&str, &[u8])]) -> Vec<Sexp> {
    all.iter().map(|(name, bytes)| Sexp::list(name, [Sexp::atom(*bytes)])).collect()
}
