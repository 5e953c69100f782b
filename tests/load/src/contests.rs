//! The contests: what is done, against whom, and what is wanted.

use std::fmt::Write as _;
use std::io::Write;

use crate::bench::{Arena, PLAIN, Server, Side};
use crate::cost;
use crate::pacing;
use crate::table::{Figures, Row};

const SECURE: Server = Server {
    secure: true,
    ..PLAIN
};
/// Every answer takes that long, as on a real line.
const FAR: Server = Server {
    latency_ms: 20,
    ..PLAIN
};
pub(crate) const MIB: usize = 1 << 20;
pub(crate) const AUTH: &str = "Authorization: Bearer sk-bench-0123456789";
const BODY: &str = r#"{"model":"gpt-5.2","input":[{"role":"user","content":[{"type":"input_text","text":"Why?"}]}]}"#;

/// All of them, in the order of the table.
pub(crate) fn all(arena: &mut Arena) -> anyhow::Result<()> {
    start(arena)?;
    request(arena)?;
    chain(arena)?;
    upload(arena)?;
    inline(arena)?;
    many(arena)?;
    cost::poll(arena)?;
    records(arena)?;
    delete(arena)?;
    stream(arena)?;
    cost::growth(arena)?;
    cost::interrupt(arena)?;
    pacing::pacing(arena)
}

fn python(arena: &Arena, script: &str, arguments: &str) -> Option<Side> {
    let python = arena.python.as_ref()?;
    let script = arena.rivals.join(script);
    let line = format!("{python} {} {arguments}", script.display());
    Some(Side::line("Python SDK", &line))
}

/// A document of so many bytes.
pub(crate) fn document(arena: &Arena, name: &str, bytes: usize) -> anyhow::Result<()> {
    let mut file = std::fs::File::create(arena.folder.join(name))?;
    file.write_all(b"%PDF-1.7\n")?;
    let block: Vec<u8> = (0_u8..251).cycle().take(MIB).collect();
    let mut left = bytes - 9;
    while left > 0 {
        let part = left.min(MIB);
        file.write_all(&block[..part])?;
        left -= part;
    }
    Ok(())
}

fn start(arena: &mut Arena) -> anyhow::Result<()> {
    let tools = [
        "oa-upload",
        "oa-respond",
        "oa-poll",
        "oa-delete",
        "oa-list",
        "oa-index",
        "oa-search",
    ];
    for tool in tools {
        let sides = [
            Side::new(tool, &[tool, "--version"]),
            Side::new("curl", &["curl", "--version"]),
        ];
        arena.contest(&format!("start {tool}"), 1.0, PLAIN, &sides)?;
    }
    let sides = [
        Side::new("oa-respond", &["oa-respond", "--version"]),
        Side::new("jq", &["jq", "--version"]),
    ];
    arena.contest("start jq", f64::INFINITY, PLAIN, &sides)?;
    if let Some(python) = arena.python.clone() {
        let sides = [
            Side::new("oa-respond", &["oa-respond", "--version"]),
            Side::new("import openai", &[&python, "-c", "import openai"]),
        ];
        arena.contest("start python", 0.01, PLAIN, &sides)?;
    }
    Ok(())
}

fn request(arena: &mut Arena) -> anyhow::Result<()> {
    std::fs::write(arena.folder.join("body.json"), BODY)?;
    for (name, server) in [("request http", PLAIN), ("request https", SECURE)] {
        let kind = "Content-Type: application/json";
        let url = "$OPENAI_BASE_URL/responses";
        let curl = [
            "curl",
            "-sS",
            "-H",
            AUTH,
            "-H",
            kind,
            "-d",
            "@body.json",
            url,
        ];
        let sides = [
            Side::new("oa-respond", &["oa-respond", "-n", "-p", "Why?"]),
            Side::new("curl", &curl),
        ];
        arena.contest(name, 1.0, server, &sides)?;
    }
    Ok(())
}

fn chain(arena: &mut Arena) -> anyhow::Result<()> {
    for name in ["a.pdf", "b.pdf", "c.pdf"] {
        document(arena, name, 100_000)?;
    }
    let ours = Side::line(
        "the pipe",
        "oa-upload a.pdf b.pdf c.pdf | oa-respond -b -p 'Check all answers and list corrections.' | oa-poll | oa-delete -t",
    );
    let script = arena.rivals.join("chain.sh");
    let bash = Side::line(
        "curl + jq",
        &format!("{} a.pdf b.pdf c.pdf", script.display()),
    );
    arena.contest("chain", 1.0 / 1.5, PLAIN, &[ours.clone(), bash])?;
    if let Some(python) = python(arena, "chain.py", "a.pdf b.pdf c.pdf") {
        arena.contest("chain", 0.1, PLAIN, &[ours, python])?;
    }
    Ok(())
}

fn upload(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("upload") {
        return Ok(());
    }
    document(arena, "large.pdf", 512 * MIB)?;
    for (name, server) in [
        ("upload 512 MiB http", PLAIN),
        ("upload 512 MiB https", SECURE),
    ] {
        let (form, url) = ("file=@large.pdf", "$OPENAI_BASE_URL/files");
        let curl = ["curl", "-sS", "-H", AUTH, "-F", "purpose=user_data"];
        let curl = [curl.as_slice(), &["-F", form, url]].concat();
        let ours = Side::new("oa-upload", &["oa-upload", "large.pdf"]);
        let sides = [ours.clone(), Side::new("curl -F", &curl)];
        arena.contest(name, 1.0, server, &sides)?;
        if let Some(python) = python(arena, "upload.py", "large.pdf") {
            arena.contest(name, 1.0, server, &[ours, python])?;
        }
    }
    Ok(())
}

fn inline(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("inline") {
        return Ok(());
    }
    document(arena, "document.pdf", 45 * MIB)?;
    let ours = Side::line(
        "oa-respond -a",
        "exec oa-respond -n -p 'What is it?' -a document.pdf",
    );
    let bash = format!(
        "base64 -w0 document.pdf | jq -Rs '{{model:\"gpt-5.2\",input:[{{role:\"user\",content:[{{type:\"input_text\",text:\"What is it?\"}},{{type:\"input_file\",filename:\"document.pdf\",file_data:(\"data:application/pdf;base64,\"+.)}}]}}]}}' | curl -sS -H '{AUTH}' -H 'Content-Type: application/json' -d @- $OPENAI_BASE_URL/responses"
    );
    arena.contest(
        "inline 45 MiB",
        0.2,
        PLAIN,
        &[ours.clone(), Side::line("base64 | jq | curl", &bash)],
    )?;
    if let Some(python) = python(arena, "inline.py", "document.pdf") {
        arena.contest("inline 45 MiB", 0.2, PLAIN, &[ours, python])?;
    }
    Ok(())
}

fn many(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("200 uploads") {
        return Ok(());
    }
    let mut config = String::new();
    for number in 0..200 {
        document(arena, &format!("many-{number:03}.pdf"), 1_000_000)?;
        write!(
            config,
            "{}url = \"URL/files\"\nheader = \"{AUTH}\"\nform = \"purpose=user_data\"\nform = \"file=@many-{number:03}.pdf\"\n",
            if number == 0 { "" } else { "next\n" }
        )?;
    }
    std::fs::write(arena.folder.join("many.curl"), config)?;
    let xargs = format!(
        "ls many-*.pdf | xargs -P16 -I@ curl -sS -H '{AUTH}' -F purpose=user_data -F file=@@ $OPENAI_BASE_URL/files"
    );
    let parallel = "sed \"s|URL|$OPENAI_BASE_URL|\" many.curl | curl -sS --no-progress-meter --parallel --parallel-max 16 -K - 2>meter";
    let rivals = [
        Side::line("xargs -P16 curl", &xargs),
        Side::line("curl --parallel", parallel),
    ];
    for jobs in [16, 4, 1] {
        let ours = Side::line("oa-upload", &format!("exec oa-upload -j {jobs} many-*.pdf"));
        let mut sides = vec![ours];
        if jobs == 16 {
            sides.extend(rivals.clone());
        } else {
            sides.push(Side::line(
                "oa-upload -j 16",
                "exec oa-upload -j 16 many-*.pdf",
            ));
        }
        // Fewer at a time take longer by as much: this row shows that, it has no goal.
        let goal = if jobs == 16 { 1.0 } else { f64::INFINITY };
        arena.contest(&format!("200 uploads -j {jobs}"), goal, FAR, &sides)?;
    }
    Ok(())
}

fn records(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("records") {
        return Ok(());
    }
    let mut lines = String::new();
    for number in 0..100_000 {
        writeln!(
            lines,
            r#"{{"paths":["report-{number}.pdf"],"prompt":"Check answer {number} and list corrections.","files":[{{"id":"file-{number}","object":"file","bytes":120000,"created_at":1,"filename":"report-{number}.pdf","purpose":"user_data","path":"report-{number}.pdf"}}]}}"#
        )?;
    }
    std::fs::write(arena.folder.join("lines"), lines)?;
    // Into a pipe, as records go: a write that wakes a reader costs more than one into /dev/null.
    let piped = |words: &str| Side::line(words, &format!("{words} <lines | cat"));
    for tool in ["oa-respond", "oa-delete"] {
        let sides = [piped(&format!("{tool} --dry-run")), piped("jq -c .")];
        arena.contest(&format!("records {tool}"), 1.0, PLAIN, &sides)?;
    }
    Ok(())
}

fn delete(arena: &mut Arena) -> anyhow::Result<()> {
    let ids: Vec<String> = (0..1000).map(|number| format!("file-{number}")).collect();
    std::fs::write(arena.folder.join("files"), ids.join("\n"))?;
    let curl =
        format!("xargs -P16 -I@ curl -sS -X DELETE -H '{AUTH}' $OPENAI_BASE_URL/files/@ <files");
    let sides = [
        Side::line("oa-delete -j 16", "xargs oa-delete -j 16 <files"),
        Side::line("xargs -P16 curl", &curl),
    ];
    arena.contest("delete 1,000 files", 1.0, FAR, &sides)
}

fn stream(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("stream") {
        return Ok(());
    }
    let host = arena.host(PLAIN)?;
    let body = BODY.replacen('{', "{\"stream\":true,", 1);
    let curl = format!(
        "exec curl -sSN -H '{AUTH}' -H 'Content-Type: application/json' -d '{body}' $OPENAI_BASE_URL/responses"
    );
    let ours = Side::line(
        "oa-respond --stream -t",
        "exec oa-respond -n -p 'Why?' --stream -t",
    );
    let curl = Side::line("curl -N", &curl);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..if arena.quick { 2 } else { 6 } {
        a.extend(arena.lags(&ours, &host)?);
        b.extend(arena.lags(&curl, &host)?);
    }
    let seconds = |lags: &[f64]| lags.iter().map(|lag| lag / 1e3).collect::<Vec<f64>>();
    arena.row(Row {
        contest: "stream, write to write".to_owned(),
        ours: Figures::of(&ours.name, &seconds(&a), None),
        rival: Figures::of(&curl.name, &seconds(&b), None),
        goal: 1.0,
    });
    Ok(())
}
