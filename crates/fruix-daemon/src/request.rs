// SPDX-License-Identifier: GPL-3.0-or-later
//! The request to the sandbox: what a build sees, and where.

use std::collections::BTreeSet;
use std::ffi::OsString;

use fruix_core::derivation::Derivation;
use fruix_core::store_path::StorePath;
use fruix_sandbox::{Access, BuildRequest, Identity, Limits, Mount, Network, Personality};
use fruix_store::{BuildDir, Layout};

use crate::environment::build_directory;
use crate::options::{BuildOptions, Settings};

/// The request to run DERIVATION, whose file is called NAME, in DIR as IDENTITY, with INPUTS, which are
/// store items, and the environment ENV.
pub(crate) fn request(
    dir: &BuildDir,
    layout: &Layout,
    (name, derivation): (&str, &Derivation),
    identity: &Identity,
    inputs: &BTreeSet<StorePath>,
    env: impl IntoIterator<Item = (String, String)>,
    (settings, options): (&Settings, &BuildOptions),
) -> BuildRequest {
    let args = derivation.args.iter().map(OsString::from).collect();
    let mut request = BuildRequest::new(&derivation.builder, args, identity.clone());
    let directory = build_directory(name);
    request.env = env.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
    request.cwd = directory.clone().into();
    let mut mount = |source, target: String, access| {
        request.mounts.push(Mount { source, target: target.into(), access });
    };
    mount(dir.store_view(), layout.store_dir().as_str().to_owned(), Access::ReadWrite);
    mount(dir.top(), directory, Access::ReadWrite);
    let outputs: BTreeSet<_> = derivation.outputs.values().flat_map(|o| &o.path).collect();
    for input in inputs.iter().filter(|input| !outputs.contains(input)) {
        mount(layout.physical(input), layout.display(input), Access::ReadOnly);
    }
    request.extra_devices = settings.devices.iter().filter(|d| d.exists()).cloned().collect();
    if derivation.fixed_output().is_some() {
        request.network = Network::Host;
    }
    let linux32 = settings.system.has_variant(&derivation.system.as_str().into());
    request.personality = Personality { linux32, ..Personality::default() };
    request.limits = Limits {
        timeout: options.timeout,
        max_silent: options.max_silent,
        max_log_bytes: options.max_log_bytes,
    };
    request
}
