//! Production, as a process, with a gateway to a real SMSC: bound while it serves, unbound in order when it is stopped.

use std::{os::unix::fs::PermissionsExt, process::Command};

use super::{
    process::{Process, Says},
    smsc::{PASSWORD, Smsc},
};

#[tokio::test]
async fn production_serves_with_a_session_and_ends_it_in_order() {
    let mut smsc = Smsc::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heyan.toml");
    let settings = format!(
        "mode = \"production\"\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://beian.example.cn\"\n\
         database_url = \"sqlite://heyan.db\"\n[operator]\nname = \"某某\"\ncontact = \"010\"\n\
         [keys]\nactive = \"k\"\nk = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n\
         [sms]\ndefault = [\"main\"]\n[sms.gateways.main]\nkind = \"smpp\"\nhost = \"127.0.0.1\"\nport = {}\n\
         system_id = \"heyan\"\npassword = \"{PASSWORD}\"\n",
        smsc.port
    );
    std::fs::write(&file, settings).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_heyan"));
    command.arg("serve").current_dir(folder.path());
    let mut heyan = Process::start(command, Says::Err);
    heyan.says("bound to the SMSC").await;
    assert_eq!(smsc.hears("bind").await["bind"], "heyan");
    let pid = heyan.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(told.unwrap().success());
    smsc.hears("unbind").await;
    heyan.says("stopped").await;
}
