//! The same statements by pgbench: the server's own log of real submissions, turned into a script. What the flows send is
//! what is replayed, whatever it may become.

use std::{fmt::Write, path::Path, process::Command};

use sqlx::{Connection, PgConnection};

use crate::{
    measure::{Figures, one_by_one},
    prepare::{Prepared, all_handed_over},
};

pub struct Replay {
    script: String,
    statements: usize,
    /// The values of each submission, in the script's order.
    values: Vec<Vec<Option<String>>>,
}

/// One statement with its values.
struct Statement {
    sql: String,
    values: Vec<Option<String>>,
}

/// Has every submission logged by the server.
pub async fn capture(prepared: &Prepared, log: &Path) -> Replay {
    let url = prepared.copied().await;
    let name = url.rsplit('/').next().unwrap_or_default();
    let mut connection = PgConnection::connect(&url).await.expect("the server");
    let settings = format!("ALTER DATABASE {name} SET log_statement = 'all'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings))
        .execute(&mut connection)
        .await
        .expect("a superuser");
    let services = prepared.open(&url).await;
    let before = std::fs::read(log).expect("the server's log").len();
    one_by_one(&services, prepared.people()).await;
    let logged = std::fs::read(log).expect("the server's log");
    services.db.close().await;
    let logged = String::from_utf8_lossy(&logged[before..]).into_owned();
    let transactions = transactions(&logged);

    let count = prepared.people().len();
    assert_eq!(
        transactions.len() % count,
        0,
        "{} transactions",
        transactions.len()
    );
    let each = transactions.len() / count;
    let submissions: Vec<Vec<&Statement>> = transactions
        .chunks(each)
        .map(|some| some.iter().flatten().collect())
        .collect();
    script(&submissions)
}

/// Each transaction's statements, in the order in which the transactions began.
fn transactions(log: &str) -> Vec<Vec<Statement>> {
    let mut all: Vec<(u32, bool, Vec<Statement>)> = Vec::new();
    for line in log.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(pid) = pid.parse::<u32>() else {
            continue;
        };
        let open = all
            .iter_mut()
            .rev()
            .find(|(of, ended, _)| *of == pid && !ended);
        if let Some(values) = rest
            .strip_prefix("DETAIL:  Parameters: ")
            .or_else(|| rest.strip_prefix("DETAIL:  parameters: "))
        {
            if let Some(last) = open.and_then(|(_, _, statements)| statements.last_mut()) {
                last.values = parse_values(values);
            }
            continue;
        }
        let Some(rest) = rest.strip_prefix("LOG:  ") else {
            continue;
        };
        let sql = match rest.split_once(": ") {
            Some((what, sql)) if what == "statement" || what.starts_with("execute ") => sql.trim(),
            _ => continue,
        };
        let statement = Statement {
            sql: sql.to_owned(),
            values: Vec::new(),
        };
        let first = sql.split_whitespace().next().unwrap_or_default();
        match (first, open) {
            ("BEGIN", _) => all.push((pid, false, vec![statement])),
            ("COMMIT" | "ROLLBACK", Some((_, ended, statements))) => {
                statements.push(statement);
                *ended = true;
            }
            (_, Some((_, _, statements))) => statements.push(statement),
            (_, None) => {}
        }
    }
    // the last reader's rollback may not have been written yet
    for (_, ended, statements) in &mut all {
        if !*ended {
            statements.push(Statement {
                sql: "ROLLBACK".to_owned(),
                values: Vec::new(),
            });
        }
    }
    all.into_iter()
        .map(|(_, _, statements)| statements)
        .collect()
}

/// `$1 = 'it''s', $2 = NULL`
fn parse_values(text: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(after) = value.strip_prefix("NULL") {
            values.push(None);
            rest = after;
            continue;
        }
        let (mut read, mut characters) = (String::new(), value.char_indices().skip(1).peekable());
        let mut end = value.len();
        while let Some((place, character)) = characters.next() {
            if character != '\'' {
                read.push(character);
            } else if characters.peek().is_some_and(|(_, next)| *next == '\'') {
                read.push('\'');
                characters.next();
            } else {
                end = place + 1;
                break;
            }
        }
        values.push(Some(read));
        rest = &value[end..];
    }
    values
}

/// The first submission's statements with a name for each value; all have the same.
fn script(submissions: &[Vec<&Statement>]) -> Replay {
    let first = &submissions[0];
    let mut body = String::new();
    let mut names = 0;
    for statement in first {
        let mut sql = statement.sql.clone();
        // the highest first: $1 is the beginning of $10
        for (number, value) in statement.values.iter().enumerate().rev() {
            let name = format!(":p{}", names + number + 1);
            let written = value.as_ref().map_or("NULL", |_| &name);
            sql = sql.replace(&format!("${}", number + 1), written);
        }
        names += statement.values.len();
        writeln!(body, "{sql};").expect("text");
    }
    let values: Vec<Vec<_>> = submissions
        .iter()
        .map(|statements| {
            assert!(
                statements
                    .iter()
                    .map(|one| &one.sql)
                    .eq(first.iter().map(|one| &one.sql)),
                "every submission sends the same statements"
            );
            statements
                .iter()
                .flat_map(|one| one.values.clone())
                .collect()
        })
        .collect();
    let columns: Vec<_> = (1..=names)
        .filter(|number| values[0][number - 1].is_some())
        .map(|number| format!("v[{number}] AS p{number}"))
        .collect();
    let script = format!(
        "\\set i :i + 1\n\\set n :client_id * :share + :i\nSELECT {} FROM load_values WHERE n = :n \\gset\n{body}",
        columns.join(", ")
    );
    Replay {
        script,
        statements: first.len(),
        values,
    }
}

impl Replay {
    pub fn statements(&self) -> usize {
        self.statements
    }

    /// The whole of it on a fresh copy.
    pub async fn run(&self, pgbench: &str, prepared: &Prepared, connections: usize) -> Figures {
        let url = prepared.copied().await;
        let mut connection = PgConnection::connect(&url).await.expect("the server");
        let table = "CREATE TABLE load_values (n bigint PRIMARY KEY, v text[])";
        sqlx::raw_sql(table)
            .execute(&mut connection)
            .await
            .expect("a table");
        for (n, values) in (1_i64..).zip(&self.values) {
            let insert = sqlx::query("INSERT INTO load_values VALUES ($1, $2)")
                .bind(n)
                .bind(values);
            insert.execute(&mut connection).await.expect("a row");
        }
        sqlx::raw_sql("VACUUM ANALYZE load_values")
            .execute(&mut connection)
            .await
            .expect("statistics");
        connection.close().await.expect("an end");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &self.script).expect("a script");
        let share = self.values.len() / connections;
        let output = Command::new(pgbench)
            .args([
                "-n",
                "-M",
                "prepared",
                "-D",
                "i=0",
                "-D",
                &format!("share={share}"),
            ])
            .args([
                "-c",
                &connections.to_string(),
                "-j",
                &connections.min(2).to_string(),
            ])
            .args(["-t", &share.to_string(), "-f"])
            .arg(file.path())
            .arg(&url)
            .output()
            .expect("pgbench");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{told}{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.script
        );
        let services = prepared.open(&url).await;
        all_handed_over(&services, self.values.len()).await;
        services.db.close().await;
        let figure = |name: &str| -> f64 {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            let number =
                line.and_then(|line| line.split_whitespace().find_map(|word| word.parse().ok()));
            number.unwrap_or_else(|| panic!("{name} in {told}"))
        };
        Figures {
            per_second: figure("tps = "),
            median: figure("latency average = "),
            p99: None,
            cpu: None,
        }
    }
}
