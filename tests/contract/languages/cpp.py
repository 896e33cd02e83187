# ruff: noqa: E501
"""C++."""

from .table import Row

ROWS = (
    Row("everything", "#include <bits/stdc++.h>\nusing namespace std;\nint main(){map<string,int> m;string s;while(cin>>s)m[s]++;"
        'for(auto&[k,v]:m)cout<<k<<" "<<v<<"\\n";}', "b a b\n", "a 1\nb 2\n"),
    Row("names_of_its_own", "#include <iostream>\nusing namespace std;\nint count=0, data_=1;\nint gcd(int a,int b){return b?gcd(b,a%b):a;}\n"
        "int main(){cout<<gcd(12,18)+::count<<endl;}", "", "6\n"),
    Row("twenty", "#include <algorithm>\n#include <ranges>\n#include <vector>\n#include <iostream>\nint main(){std::vector<int> v{3,1,2};"
        "std::ranges::sort(v);for(int x:v|std::views::take(2))std::cout<<x;}", "", "12"),
    Row("uncaught", '#include <stdexcept>\nint main(){throw std::runtime_error("x");}', verdict="runtime_error"),
    Row("bad_alloc", "#include <cstdlib>\nint main(){char*p=new char[1ull<<45];p[7]=1;return p[9];}", verdict="memory_limit"),
    Row("fills_memory", "#include <vector>\nint main(){std::vector<char*>v;for(;;)v.push_back(new char[1<<20]());}", verdict="memory_limit"),
    Row("fits_in_memory", "#include <vector>\n#include <iostream>\nint main(){std::vector<char>v(200<<20,1);std::cout<<v.size();}", "", "209715200"),
    Row("undeclared", "int main(){return x;}", verdict="compile_error"),
)  # fmt: skip
