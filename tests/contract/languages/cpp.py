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
    Row("as_contestants_write", "#pragma GCC optimize(\"O3,unroll-loops\")\n#pragma GCC target(\"avx2,popcnt\")\n#include <bits/stdc++.h>\n"
        "#include <ext/pb_ds/assoc_container.hpp>\n#include <ext/pb_ds/tree_policy.hpp>\nusing namespace std; using namespace __gnu_pbds;\n"
        "template<class T> using S=tree<T,null_type,less<T>,rb_tree_tag,tree_order_statistics_node_update>;\n"
        "int main(){ios::sync_with_stdio(false);cin.tie(nullptr);S<int> s;int x;while(cin>>x)s.insert(x);unsigned __int128 p=~0ull;p*=p;"
        'cout<<*s.find_by_order(1)<<" "<<s.order_of_key(10)<<" "<<(uint64_t)(p>>64);}', "3 5 20", "5 2 18446744073709551614"),
    Row("large_local_array", "#include <cstdio>\nint main(){int a[15000000];for(int i=0;i<15000000;i++)a[i]=i;int n;scanf(\"%d\",&n);"
        'printf("%d",a[n]);}', "1799999", "1799999"),
    Row("undeclared", "int main(){return x;}", verdict="compile_error"),
)  # fmt: skip
