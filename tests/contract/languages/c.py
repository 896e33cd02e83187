# ruff: noqa: E501
"""C."""

from .table import Row

ROWS = (
    Row("adds", '#include <stdio.h>\nint main(void){int a,b;scanf("%d%d",&a,&b);printf("%d\\n",a+b);}', "2 3\n", "5\n"),
    Row("math", '#include <math.h>\n#include <stdio.h>\nint main(){printf("%.3f\\n",sqrt(2.0));}', "", "1.414\n"),
    Row("threads", "#include <pthread.h>\n#include <stdio.h>\nstatic int n;\nvoid*f(void*a){__sync_add_and_fetch(&n,1);return 0;}\n"
        "int main(){pthread_t t[8];for(int i=0;i<8;i++)pthread_create(t+i,0,f,0);for(int i=0;i<8;i++)pthread_join(t[i],0);"
        'printf("%d\\n",n);}', "", "8\n"),
    Row("dev_stdin", '#include <stdio.h>\nint main(){FILE*f=fopen("/dev/stdin","r");int a;fscanf(f,"%d",&a);printf("%d",a);}', "7", "7"),
    Row("exit_code", "int main(){return 3;}", verdict="runtime_error"),
    Row("segfault", "int main(){return *(volatile int*)0;}", verdict="runtime_error"),
    Row("abort", "#include <stdlib.h>\nint main(){abort();}", verdict="runtime_error"),
    Row("wrong", '#include <stdio.h>\nint main(){puts("no");}', "", "yes", "wrong_answer"),
    Row("syntax", "int main( {", verdict="compile_error"),
    Row("spins", "int main(){for(volatile int i=0;;i++);}", verdict="time_limit", limits={"cpu_s": 1}),
    Row("deep_recursion", "#include <stdio.h>\nint f(int n){volatile char a[64];a[0]=n;return n?f(n-1)+a[0]*0+1:0;}\n"
        'int main(){printf("%d\\n",f(1000000));}', "", "1000000\n", limits={"memory_mib": 512}),
)  # fmt: skip
