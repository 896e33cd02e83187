# ruff: noqa: E501
"""Go."""

from .table import Row

ROWS = (
    Row("adds", 'package main\nimport "fmt"\nfunc main(){var a,b int;fmt.Scan(&a,&b);fmt.Println(a+b)}', "2 3", "5\n"),
    Row("goroutines", 'package main\nimport ("fmt";"sync")\nfunc main(){var w sync.WaitGroup;var m sync.Mutex;n:=0\n'
        "for i:=0;i<10000;i++{w.Add(1);go func(){defer w.Done();m.Lock();n++;m.Unlock()}()}\nw.Wait();fmt.Println(n)}", "", "10000\n"),
    Row("garbage", 'package main\nimport "fmt"\nfunc main(){n:=0;for i:=0;i<400;i++{b:=make([]byte,1<<20);b[i]=1;n+=len(b)>>20};fmt.Println(n)}',
        "", "400\n", limits={"memory_mib": 64}),
    Row("few_processes_allowed", 'package main\nimport "fmt"\nfunc main(){fmt.Println("ok")}', "", "ok\n", limits={"processes": 1}),
    Row("a_long_line", 'package main\nimport ("bufio";"fmt";"os")\nfunc main(){s:=bufio.NewScanner(os.Stdin);s.Buffer(nil,1<<26);'
        "for s.Scan(){fmt.Println(len(s.Text()))}}", "a" * 900_000 + "\nb\n", "900000\n1\n"),
    Row("panics", 'package main\nfunc main(){panic("no")}', verdict="runtime_error"),
    Row("deadlock", "package main\nfunc main(){select{}}", verdict="runtime_error"),
    Row("unused_import", 'package main\nimport "os"\nfunc main(){}', verdict="compile_error"),
    Row("fills_memory", "package main\nvar k [][]byte\nfunc main(){for{b:=make([]byte,1<<20);for i:=range b{b[i]=1};k=append(k,b)}}",
        verdict="memory_limit", limits={"cpu_s": 10, "wall_s": 60, "sample_wall_s": 60}),
)  # fmt: skip
