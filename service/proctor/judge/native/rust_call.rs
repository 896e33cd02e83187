// The tests' side: a call is sent, and its result waited for. Ends the process where that cannot be.
#[allow(dead_code)]
mod proctor_call {
    use crate::proctor_wire::{receive, send, Got, Reader};
    use std::sync::Mutex;

    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    fn end(status: i32, why: &str) -> ! {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "{}", why);
        std::process::exit(status)
    }

    pub fn call<R>(body: Vec<u8>, take: impl FnOnce(&mut Reader) -> Got<R>) -> R {
        let answer = {
            let _held = ONE_AT_A_TIME.lock().unwrap_or_else(|broken| broken.into_inner());
            if !send(&body) {
                end(103, "the code's process is gone");
            }
            receive().unwrap_or_else(|| end(103, "the code's process is gone"))
        };
        match answer.split_first() {
            Some((b'R', rest)) => {
                let mut reader = Reader(rest);
                match take(&mut reader) {
                    Ok(result) if reader.0.is_empty() => result,
                    _ => end(104, "the code answered what is no result of the declared type"),
                }
            }
            Some((b'E', what)) => panic!("the code panicked: {}", String::from_utf8_lossy(what)),
            _ => end(104, "the code answered what is no result of the declared type"),
        }
    }
}
