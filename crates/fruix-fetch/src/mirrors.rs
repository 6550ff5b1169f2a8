// SPDX-License-Identifier: GPL-3.0-or-later
//! What `mirror://NAME/PATH` stands for: the names of Guix's `%mirrors` and servers for each.
//!
//! Servers that speak FTP only are left out, and of long lists the end. The host's package client knows
//! better which mirror of its distribution to use: see [`Mirrors::prefer`].
//!
//! `%mirrors` in `scheme/guix/download.scm` is another table, and stays one: a download derivation names a file
//! with it, so a changed server there changes the name of every source's derivation, and of all that is built from
//! them. That one is therefore short and stays as it is; this one is in nobody's hash and follows the servers. Both are
//! asked, this one first, as are those that Guix's own derivations bring along.

use std::collections::BTreeMap;

use crate::datum::{Datum, DatumError, parse};

/// Servers by the name of what they mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors(BTreeMap<String, Vec<String>>);

impl Mirrors {
    /// No mirrors.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those that everybody knows.
    pub fn known() -> Self {
        let own = |roots: &[&str]| roots.iter().map(|root| (*root).to_owned()).collect();
        Self(KNOWN.iter().map(|(name, roots)| ((*name).to_owned(), own(roots))).collect())
    }

    /// Those of an association list as Guix prints it: `((gnu "https://…" …) …)`.
    ///
    /// # Errors
    /// [`DatumError`] if TEXT is none.
    pub fn parse(text: &str) -> Result<Self, DatumError> {
        let wrong = || DatumError { expected: "a list of mirrors", offset: 0 };
        let Datum::List(entries) = parse(text)? else { return Err(wrong()) };
        let mut mirrors = BTreeMap::new();
        for entry in entries {
            let Datum::List(words) = entry else { return Err(wrong()) };
            let mut words = words.into_iter();
            let Some(Datum::Symbol(name) | Datum::Text(name)) = words.next() else {
                return Err(wrong());
            };
            let roots = words.map(|word| match word {
                Datum::Text(root) => Ok(root),
                _ => Err(wrong()),
            });
            mirrors.insert(name, roots.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self(mirrors))
    }

    /// Put ROOTS before the other servers for NAME.
    pub fn prefer(&mut self, name: &str, roots: Vec<String>) {
        let all = self.0.entry(name.to_owned()).or_default();
        all.retain(|root| {
            !roots.iter().any(|r| r.trim_end_matches('/') == root.trim_end_matches('/'))
        });
        all.splice(0..0, roots);
    }

    /// The addresses of PATH on the servers for NAME.
    pub fn expand(&self, name: &str, path: &str) -> Vec<String> {
        let path = path.trim_start_matches('/');
        let roots = self.0.get(name).into_iter().flatten();
        roots.map(|root| format!("{}/{path}", root.trim_end_matches('/'))).collect()
    }
}

#[rustfmt::skip]
const KNOWN: &[(&str, &[&str])] = &[
    ("gnu", &[
        "https://ftpmirror.gnu.org/gnu/",
        "http://ftp.gnu.org/pub/gnu/",
    ]),
    ("gcc", &[
        "https://ftpmirror.gnu.org/gnu/gcc",
        "http://ftp.gnu.org/pub/gnu/gcc",
    ]),
    ("gnupg", &[
        "https://gnupg.org/ftp/gcrypt/",
    ]),
    ("gnome", &[
        "https://download.gnome.org/",
        "http://ftp.gnome.org/pub/GNOME/",
    ]),
    ("hackage", &[
        "http://hackage.haskell.org/",
    ]),
    ("savannah", &[
        "https://download.savannah.gnu.org/releases/",
        "https://ftp.cc.uoc.gr/mirrors/nongnu.org/",
        "http://ftp.twaren.net/Unix/NonGNU/",
        "https://mirror.csclub.uwaterloo.ca/nongnu/",
        "https://nongnu.askapache.com/",
        "https://savannah.c3sl.ufpr.br/",
        "https://download-mirror.savannah.gnu.org/releases/",
    ]),
    ("sourceforge", &[
        "http://downloads.sourceforge.net/project/",
        "http://ufpr.dl.sourceforge.net/project/",
        "http://freefr.dl.sourceforge.net/project/",
        "http://internode.dl.sourceforge.net/project/",
        "http://jaist.dl.sourceforge.net/project/",
        "http://liquidtelecom.dl.sourceforge.net/project/",
        "http://nchc.dl.sourceforge.net/project/",
        "http://netcologne.dl.sourceforge.net/project/",
    ]),
    ("netfilter.org", &[
        "http://ftp.netfilter.org/pub/",
    ]),
    ("kernel.org", &[
        "https://cdn.kernel.org/pub/",
        "http://ftp.be.debian.org/pub/",
        "https://mirrors.edge.kernel.org/pub/",
    ]),
    ("apache", &[
        "https://dlcdn.apache.org/",
        "https://downloads.apache.org/",
        "https://mirrors.sonic.net/apache/",
        "https://apache.osuosl.org/",
        "https://mirrors.ircam.fr/pub/apache/",
        "https://apache-mirror.rbc.ru/pub/apache/",
        "https://mirrors.ibiblio.org/apache/",
        "http://apache.mirror.iweb.ca/",
    ]),
    ("xorg", &[
        "http://www.x.org/releases/",
        "http://mirror.csclub.uwaterloo.ca/x.org/",
        "http://xorg.mirrors.pair.com/",
    ]),
    ("cpan", &[
        "http://www.cpan.org/",
        "http://cpan.metacpan.org/",
        "http://ftp.belnet.be/mirror/ftp.cpan.org/",
        "http://mirrors.nic.cz/CPAN/",
        "http://mirror.ibcp.fr/pub/CPAN/",
        "http://ftp.ntua.gr/pub/lang/perl/",
        "http://mirror.as43289.net/pub/CPAN/",
        "http://cpan.cs.uu.nl/",
    ]),
    ("cran", &[
        "http://cran.r-project.org/",
        "http://cran.rstudio.com/",
        "http://cran.univ-lyon1.fr/",
        "http://cran.ism.ac.jp/",
        "http://cran.stat.auckland.ac.nz/",
        "http://cran.mirror.ac.za/",
        "http://cran.csie.ntu.edu.tw/",
    ]),
    ("ctan", &[
        "https://mirror.ctan.org/",
    ]),
    ("imagemagick", &[
        "https://sunsite.icm.edu.pl/packages/ImageMagick/releases",
        "http://mirror.checkdomain.de/imagemagick/releases",
        "http://www.imagemagick.org/download/releases/",
        "http://www.imagemagick.org/download/",
    ]),
    ("debian", &[
        "http://ftp.de.debian.org/debian/",
        "http://ftp.fr.debian.org/debian/",
        "http://ftp.debian.org/debian/",
        "http://archive.debian.org/debian/",
    ]),
    ("kde", &[
        "https://download.kde.org/",
        "https://download.kde.org/Attic/",
        "https://mirrors.xtom.de/kde/",
        "https://mirror.lyrahosting.com/pub/kde/",
        "https://mirrors.xtom.nl/kde/",
        "https://mirror.hs-esslingen.de/Mirrors/ftp.kde.org/pub/kde/",
        "https://mirror.kumi.systems/kde/ftp/",
        "https://mirrors.ircam.fr/pub/KDE/",
    ]),
    ("openbsd", &[
        "https://ftp.openbsd.org/pub/OpenBSD/",
        "https://mirrors.evowise.com/pub/OpenBSD/",
        "https://mirror.aarnet.edu.au/pub/OpenBSD/",
        "https://ftp2.eu.openbsd.org/pub/OpenBSD/",
        "https://openbsd.c3sl.ufpr.br/pub/OpenBSD/",
        "https://openbsd.ipacct.com/pub/OpenBSD/",
        "https://ftp.OpenBSD.org/pub/OpenBSD/",
        "https://openbsd.cs.toronto.edu/pub/OpenBSD/",
    ]),
    ("mate", &[
        "https://pub.mate-desktop.org/releases/",
        "http://pub.mate-desktop.org/releases/",
    ]),
    ("qt", &[
        "https://mirrors.ocf.berkeley.edu/qt/official_releases/",
        "https://mirrors.ocf.berkeley.edu/qt/archive/",
        "https://ftp.jaist.ac.jp/pub/qtproject/official_releases/",
        "https://ftp.jaist.ac.jp/pub/qtproject/archive/",
        "https://ftp.nluug.nl/languages/qt/official_releases/",
        "https://ftp.nluug.nl/languages/qt/archive/",
        "https://mirrors.cloud.tencent.com/qt/official_releases/",
        "https://mirrors.cloud.tencent.com/qt/archive/",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_expanded() {
        let mut mirrors = Mirrors::known();
        assert!(mirrors.expand("gnu", "hello/hello-2.10.tar.gz").len() >= 2);
        assert!(mirrors.expand("nobody", "x").is_empty());
        mirrors.prefer("debian", vec!["http://here/debian".into()]);
        assert_eq!(mirrors.expand("debian", "/pool/x")[0], "http://here/debian/pool/x");
        let parsed = Mirrors::parse("((gnu \"http://g/\") (x))").unwrap();
        assert_eq!(parsed.expand("gnu", "a"), ["http://g/a"]);
        assert!(Mirrors::parse("(gnu)").is_err());
    }
}
