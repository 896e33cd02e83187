# ruff: noqa: E501
"""Rust."""

from .table import Row

ROWS = (
    Row("adds", "use std::io::*;\nfn main(){let mut s=String::new();stdin().read_to_string(&mut s).unwrap();"
        'println!("{}",s.split_whitespace().map(|x|x.parse::<i64>().unwrap()).sum::<i64>());}', "2 3", "5\n"),
    Row("crates", 'use regex::Regex;use rand::Rng;\nfn main(){let n:u8=rand::thread_rng().gen_range(3..4);'
        'println!("{} {} {:x}",n,Regex::new("a+").unwrap().is_match("caa"),md5::compute("a"));}', "", "3 true 0cc175b9c0f1b6a831c399e269772661\n"),
    Row("threads", 'fn main(){let t:Vec<_>=(0..8).map(|i|std::thread::spawn(move||i)).collect();'
        'println!("{}",t.into_iter().map(|t|t.join().unwrap()).sum::<i32>());}', "", "28\n"),
    Row("stack_of_its_own", "fn d(n:u64)->u64{if n==0{0}else{let v=[n;4];d(n-1)+v[(n%4) as usize]/n}}\nfn main(){"
        'let t=std::thread::Builder::new().stack_size(512<<20).spawn(||d(1_000_000));println!("{}",t.unwrap().join().unwrap());}',
        "", "1000000\n", limits={"memory_mib": 768}),
    Row("panics", 'fn main(){panic!("no")}', verdict="runtime_error"),
    Row("borrow", "fn main(){let a=String::new();drop(a);println!(\"{}\",a)}", verdict="compile_error"),
    Row("refused_memory", "fn main(){let v:Vec<u8>=Vec::with_capacity(1<<45);println!(\"{}\",v.capacity())}", verdict="memory_limit"),
)  # fmt: skip
