//! Accounts of the bureau's staff, from the command line.

use std::{io::Write, process::Stdio};

use super::{Answer, Heyan};

const PASSWORD: &str = "马踏飞燕 in the Hexi corridor";

/// Runs a command with a password on standard input.
fn typed(heyan: &Heyan, arguments: &[&str], password: &str) -> Answer {
    let mut command = heyan.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // a command that refuses its arguments does not read
    let _ = writeln!(stdin, "{password}");
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

#[test]
fn accounts_are_added_listed_reset_and_removed() {
    let heyan = Heyan::new();
    let add = ["staff", "add", "Zhang", "--province", "gansu"];
    let uri = typed(&heyan, &add, PASSWORD).done();
    assert!(
        uri.starts_with("totp_uri=otpauth://totp/Heyan:zhang?secret="),
        "{uri}"
    );
    assert_eq!(uri.lines().count(), 1);
    let again = typed(&heyan, &add, PASSWORD).failed(1);
    assert!(again.contains("already: choose another name"), "{again}");
    let national = ["staff", "add", "wu", "--national", "--role", "auditor"];
    typed(&heyan, &national, PASSWORD).done();
    let list = heyan.run(&["staff", "list"]).done();
    let lines: Vec<_> = list.lines().collect();
    assert!(
        lines[0].contains("  zhang  officer  gansu  last login -  active"),
        "{list}"
    );
    assert!(lines[1].contains("  wu  auditor  national  "), "{list}");
    let reset = typed(&heyan, &["staff", "reset", "zhang"], PASSWORD).done();
    assert_ne!(reset, uri);
    assert_eq!(
        heyan.run(&["staff", "remove", "zhang"]).done(),
        "zhang has no access any more\n"
    );
    for command in [
        &["staff", "remove", "zhang"][..],
        &["staff", "reset", "zhang"],
    ] {
        let gone = typed(&heyan, command, PASSWORD).failed(1);
        assert!(gone.contains("there is no account `zhang`"), "{gone}");
    }
    // neither password nor secret lies about
    let secret = reset.split("secret=").nth(1).unwrap();
    let secret = secret.split('&').next().unwrap();
    let stored = std::fs::read(heyan.path("heyan.db")).unwrap();
    for word in [PASSWORD, secret] {
        let found = stored
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!found);
    }
}

#[test]
fn what_is_wrong_is_told_with_status_2() {
    let heyan = Heyan::new();
    for (arguments, password, expected) in [
        (
            &["staff", "add", "zhang"][..],
            PASSWORD,
            "--province <PROVINCE>",
        ),
        (
            &["staff", "add", "zhang", "--province", "gansu", "--national"],
            PASSWORD,
            "cannot be used with",
        ),
        (
            &["staff", "add", "zhang", "--province", "mars"],
            PASSWORD,
            "`mars` is no province",
        ),
        (
            &["staff", "add", "zhang", "--national", "--role", "boss"],
            PASSWORD,
            "must be one of officer, auditor, admin",
        ),
        (
            &["staff", "add", "a b", "--national"],
            PASSWORD,
            "user must be 1 to 32 letters",
        ),
        (
            &["staff", "add", "zhang", "--national"],
            "tiny",
            "password is too short: 15 characters at least",
        ),
        (
            &["staff", "add", "zhang", "--national"],
            "123456789987654321",
            "password is a common one",
        ),
    ] {
        let told = typed(&heyan, arguments, password).failed(2);
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(!told.contains(password), "{told}");
    }
    assert_eq!(
        heyan.run(&["staff", "list"]).done(),
        "no accounts yet: heyan staff add USER --province gansu\n"
    );
}
