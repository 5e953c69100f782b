//! Any file name in a form: it adds no header, no field and no part.
#![no_main]

use std::io::Read;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use oa_core::local::Local;
use oa_core::form::Form;
use oa_kinds::stored::stored_name;

fn file() -> Local {
    static FILE: OnceLock<Local> = OnceLock::new();
    let made = || {
        let path = std::env::temp_dir().join("oa-fuzz-names");
        std::fs::write(&path, "text").unwrap();
        Local::open(path.to_str().unwrap()).unwrap()
    };
    FILE.get_or_init(made).clone()
}

fuzz_target!(|input: (String, String)| {
    let (path, value) = input;
    let name = stored_name(&path, "user_data", true);
    let form = Form::new().field("purpose", &value);
    let (body, content_type) = form.file("file", &name, "text/plain", file()).finish();
    let boundary = content_type.split_once("boundary=").unwrap().1;
    let (mut reader, _) = body.open();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, body.length());
    let text = String::from_utf8(bytes).unwrap();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "{text}");
    assert_eq!((parts[0], parts[3]), ("", "--\r\n"));
    let (head, content) = parts[2].split_once("\r\n\r\n").unwrap();
    assert_eq!(content, "text\r\n");
    let lines: Vec<&str> = head.trim_start_matches("\r\n").split("\r\n").collect();
    assert_eq!(lines.len(), 2, "{head}");
    assert!(!lines[0].contains(|c: char| c.is_control()), "{head}");
    assert_eq!(lines[0].matches('"').count(), 4, "{head}");
});
