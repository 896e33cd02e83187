"""Right programs whose results are values of the standard library, of numpy and of pandas, or whose tests use threads."""

# ruff: noqa: E501

from __future__ import annotations

from .oddities import Oddity, script, stdio

VALUE_ODDITIES: list[Oddity] = [
    script(
        "exceptions with causes, notes and groups",
        """
        class AppError(Exception):
            code = 10
            def __init__(self, msg, *, detail=None):
                super().__init__(msg)
                self.detail = detail or {}
            def __str__(self): return f'[{self.code}] {self.args[0]}'
        class NotFound(AppError):
            code = 404
        def load(k):
            try:
                return {}[k]
            except KeyError as e:
                raise NotFound(f'no {k}', detail={'k': k, 'path': [1, 2]}) from e
        def ctx():
            try: 1 / 0
            except ZeroDivisionError: raise AppError('later')
        def sup():
            try: 1 / 0
            except ZeroDivisionError: raise AppError('x') from None
        def noted():
            e = ValueError('v'); e.add_note('look here'); raise e
        def group(): raise ExceptionGroup('many', [ValueError('a'), TypeError('b'), NotFound('c')])
        """,
        """
        try:
            load('q')
        except AppError as e:
            assert type(e) is NotFound and e.code == 404 and e.detail == {'k': 'q', 'path': [1, 2]}
            assert isinstance(e.__cause__, KeyError) and e.__cause__.args == ('q',)
            assert str(e) == '[404] no q' and e.args == ('no q',)
        else:
            assert False
        try: ctx()
        except AppError as e:
            assert isinstance(e.__context__, ZeroDivisionError) and e.__cause__ is None
        try: sup()
        except AppError as e:
            assert e.__suppress_context__ is True and e.__cause__ is None
        try: noted()
        except ValueError as e: assert e.__notes__ == ['look here']
        try:
            group()
        except* ValueError as eg:
            assert len(eg.exceptions) == 1 and str(eg.exceptions[0]) == 'a'
        except* TypeError as eg:
            assert eg.exceptions[0].args == ('b',)
        except* NotFound as eg:
            assert eg.exceptions[0].code == 404
        try: group()
        except ExceptionGroup as eg:
            assert eg.message == 'many' and len(eg.exceptions) == 3
            assert eg.subgroup(ValueError).exceptions[0].args == ('a',)
            assert [type(x).__name__ for x in eg.exceptions] == ['ValueError', 'TypeError', 'NotFound']
        """,
    ),
    script(
        "moments of many kinds",
        """
        from datetime import datetime, date, timedelta, timezone, time
        from zoneinfo import ZoneInfo
        import calendar
        def at(y, m, d, tz): return datetime(y, m, d, 12, tzinfo=ZoneInfo(tz))
        def utc(dt): return dt.astimezone(timezone.utc)
        def span(a, b): return b - a
        def days(a, n):
            out = []
            while len(out) < n:
                a += timedelta(days=1)
                if a.weekday() < 5: out.append(a)
            return out
        def parse(s): return datetime.strptime(s, '%Y-%m-%d %H:%M')
        def last(y, m): return date(y, m, calendar.monthrange(y, m)[1])
        def zone(): return ZoneInfo('Europe/Paris')
        """,
        """
        from datetime import datetime, date, timedelta, timezone
        from zoneinfo import ZoneInfo
        d = at(2024, 7, 1, 'Europe/Paris')
        assert d.utcoffset() == timedelta(hours=2)
        assert utc(d) == datetime(2024, 7, 1, 10, tzinfo=timezone.utc)
        assert d.hour == 12 and d.tzinfo is not None
        assert d == datetime(2024, 7, 1, 12, tzinfo=ZoneInfo('Europe/Paris'))
        assert span(date(2024, 1, 1), date(2024, 3, 1)).days == 60
        assert days(date(2024, 5, 3), 2) == [date(2024, 5, 6), date(2024, 5, 7)]
        assert parse('2020-02-29 13:45').isoformat() == '2020-02-29T13:45:00'
        assert last(2024, 2) == date(2024, 2, 29) and f'{last(2023, 2):%d/%m/%y}' == '28/02/23'
        assert str(zone()) == 'Europe/Paris' and zone().key == 'Europe/Paris'
        """,
    ),
    script(
        "time zones by name",
        """
        from datetime import datetime
        from zoneinfo import ZoneInfo
        def at(tz): return datetime(2024, 7, 1, 12, tzinfo=ZoneInfo(tz))
        """,
        """
        from zoneinfo import ZoneInfo
        d = at('America/New_York')
        assert d.tzname() == 'EDT' and str(d.tzinfo) == 'America/New_York'
        assert d.tzinfo == ZoneInfo('America/New_York')
        assert d.astimezone(ZoneInfo('Asia/Tokyo')).hour == 1
        """,
    ),
    script(
        "matches and patterns",
        """
        import re
        def m(s): return re.match(r'(?P<y>\\d{4})-(?P<m>\\d\\d)', s)
        def it(s): return re.finditer(r'\\w+', s)
        def pat(): return re.compile(r'(a)(b)?', re.I)
        def sub(s): return re.sub(r'\\d+', lambda k: str(int(k.group()) * 2), s)
        """,
        """
        import re
        x = m('2024-05')
        assert x and x['y'] == '2024' and x.group('m') == '05' and x.groups() == ('2024', '05') and x.groupdict() == {'y': '2024', 'm': '05'}
        assert x.span() == (0, 7) and x.start(2) == 5 and x[0] == '2024-05' and x.lastgroup == 'm'
        assert isinstance(x, re.Match) and bool(x) and x is not None
        assert [t.group() for t in it('ab cd')] == ['ab', 'cd']
        assert [t.span() for t in it('ab cd')] == [(0, 2), (3, 5)]
        assert pat().match('AB').groups() == ('A', 'B') and pat().search('xa').groups() == ('a', None) and pat().flags & re.I and pat().groups == 2
        assert isinstance(pat(), re.Pattern) and pat() == re.compile(r'(a)(b)?', re.I)
        assert sub('a1b22') == 'a2b44'
        assert m('zz') is None
        """,
    ),
    script(
        "paths taken apart",
        """
        from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
        import os.path
        def ext(p): return Path(p).suffix
        def join(*a): return PurePosixPath(*a)
        def parts(p): return PurePath(p).parts
        def rel(a, b): return PurePosixPath(a).relative_to(b)
        def stem(p): return Path(p).with_suffix('.txt')
        def win(): return PureWindowsPath('C:/a/b')
        """,
        """
        assert ext('a/b.tar.gz') == '.gz' and str(join('a', 'b')) == 'a/b' and parts('/a/b') == ('/', 'a', 'b')
        assert rel('/a/b/c', '/a').as_posix() == 'b/c' and stem('x.py').name == 'x.txt' and str(win()) == 'C:\\\\a\\\\b'
        assert (join('a') / 'b').name == 'b'
        assert join('a', 'b').parent == join('a')
        try: rel('/a', '/b'); assert False
        except ValueError as e: assert '/b' in str(e)
        """,
    ),
    script(
        "paths held against paths",
        """
        from pathlib import Path
        def home(): return Path('/srv/x.txt')
        def names(): return [Path('a'), Path('b')]
        """,
        """
        from pathlib import Path
        assert home() == Path('/srv/x.txt')
        assert isinstance(home(), Path)
        assert names() == [Path('a'), Path('b')]
        """,
    ),
    script(
        "protocols and registered classes",
        """
        from typing import Protocol, runtime_checkable
        from abc import ABC, abstractmethod
        @runtime_checkable
        class Sized2(Protocol):
            def size(self) -> int: ...
        class Impl:
            def size(self): return 3
        class A(ABC): pass
        @A.register
        class B: pass
        class HasArea(ABC):
            @classmethod
            def __subclasshook__(cls, c): return hasattr(c, 'area')
        class Sq:
            def area(self): return 1
        class Meta(type): pass
        class WithMeta(metaclass=Meta): pass
        """,
        """
        assert isinstance(Impl(), Sized2)
        assert not isinstance(B(), Sized2)
        assert not isinstance(3, Sized2)
        assert isinstance(B(), A) and issubclass(B, A) and not issubclass(Impl, A)
        assert isinstance(Sq(), HasArea) and issubclass(Sq, HasArea)
        assert isinstance(WithMeta, Meta) and isinstance(WithMeta(), WithMeta)
        """,
    ),
    script(
        "membership that the class decides",
        """
        class Trie:
            def __init__(self): self.w = set()
            def insert(self, w): self.w.add(w)
            def __contains__(self, w): return w in self.w
            def starts(self, p): return any(w.startswith(p) for w in self.w)
        class Graph:
            def __init__(self): self.v = {}
            def add(self, a, b): self.v.setdefault(a, []).append(b)
            def __contains__(self, a): return a in self.v
            def __iter__(self): return iter(self.v.values())
        """,
        """
        t = Trie(); t.insert('ab')
        assert 'ab' in t and 'a' not in t and t.starts('a')
        g = Graph(); g.add(1, 2)
        assert 1 in g and 2 not in g
        """,
    ),
    script(
        "values of the standard library",
        """
        from types import SimpleNamespace, MappingProxyType
        from collections import ChainMap
        import ipaddress
        def ns(): return SimpleNamespace(a=1, b=[2])
        def mp(): return MappingProxyType({'a': 1})
        def cm(): return ChainMap({'a': 1}, {'b': 2})
        def ip(): return ipaddress.ip_address('10.0.0.1')
        """,
        """
        from types import SimpleNamespace
        import ipaddress
        assert mp() == {'a': 1}
        assert cm() == {'a': 1, 'b': 2}
        assert ns() == SimpleNamespace(a=1, b=[2])
        assert ip() == ipaddress.ip_address('10.0.0.1')
        assert isinstance(ip(), ipaddress.IPv4Address)
        """,
    ),
    script(
        "views and arrays",
        """
        import array
        def mv(b): return memoryview(b)
        def arr(): return array.array('i', [1, 2, 3])
        """,
        """
        import array
        assert mv(b'ab') == b'ab'
        assert arr() == array.array('i', [1, 2, 3])
        """,
    ),
    script(
        "a mapping held against a dict",
        """
        from collections.abc import Mapping
        class M(Mapping):
            def __init__(self, d): self.d = d
            def __getitem__(self, k): return self.d[k]
            def __iter__(self): return iter(self.d)
            def __len__(self): return len(self.d)
        """,
        """
        assert M({'a': 1}) == {'a': 1}
        """,
    ),
    script(
        "asynchronous generators of the tests",
        """
        async def collect(src): return [x async for x in src]
        async def first(src):
            async for x in src: return x
        """,
        """
        import asyncio
        async def src():
            for i in range(3):
                await asyncio.sleep(0)
                yield i
        assert asyncio.run(collect(src())) == [0, 1, 2]
        assert asyncio.run(first(src())) == 0
        """,
    ),
    script(
        "threads of the tests",
        """
        import threading, queue, collections
        class SafeCounter:
            def __init__(self): self.v = 0; self.lock = threading.Lock()
            def inc(self, n=1):
                with self.lock: self.v += n
        class RateLimiter:
            def __init__(self, n, clock): self.n, self.clock, self.t = n, clock, collections.deque()
            def allow(self):
                now = self.clock()
                while self.t and now - self.t[0] >= 1: self.t.popleft()
                if len(self.t) < self.n: self.t.append(now); return True
                return False
        class EventBus:
            def __init__(self): self.subs = collections.defaultdict(list)
            def on(self, e, f=None):
                if f is None: return lambda g: (self.subs[e].append(g), g)[1]
                self.subs[e].append(f); return lambda: self.subs[e].remove(f)
            def emit(self, e, *a): return [f(*a) for f in self.subs[e]]
        def q(): return queue.Queue(2)
        """,
        """
        import threading
        c = SafeCounter()
        ts = [threading.Thread(target=lambda: [c.inc() for _ in range(50)]) for _ in range(4)]
        [t.start() for t in ts]; [t.join() for t in ts]
        assert c.v == 200
        now = [0.0]
        r = RateLimiter(2, lambda: now[0])
        assert [r.allow() for _ in range(3)] == [True, True, False]
        now[0] = 1.5; assert r.allow()
        b = EventBus(); got = []
        off = b.on('x', got.append); b.emit('x', 5); off(); b.emit('x', 6)
        assert got == [5]
        @b.on('y')
        def handler(v): return v * 2
        assert b.emit('y', 4) == [8] and handler(1) == 2
        x = q(); x.put(1); x.put(2); assert x.full() and x.get() == 1 and x.qsize() == 1 and not x.empty()
        """,
    ),
    script(
        "currying by signature",
        """
        import inspect
        def curry(f):
            n = len(inspect.signature(f).parameters)
            def c(*a): return f(*a) if len(a) >= n else lambda *b: c(*a, *b)
            return c
        """,
        """
        def add3(a, b, c): return a + b + c
        assert curry(add3)(1)(2)(3) == 6
        assert curry(add3)(1, 2)(3) == 6
        """,
    ),
    script(
        "currying by code",
        """
        def curry(f):
            n = f.__code__.co_argcount
            def c(*a): return f(*a) if len(a) >= n else lambda *b: c(*a, *b)
            return c
        """,
        """
        assert curry(lambda a, b, c: a + b + c)(1)(2)(3) == 6
        """,
    ),
    stdio(
        "standard streams of its own, flushed at the end",
        """
        import os, sys
        from io import BytesIO, IOBase
        BUFSIZE = 8192
        class FastIO(IOBase):
            newlines = 0
            def __init__(self, file):
                self._fd = file.fileno(); self.buffer = BytesIO(); self.writable = "x" in file.mode or "r" not in file.mode
                self.write = self.buffer.write if self.writable else None
            def read(self):
                while True:
                    b = os.read(self._fd, max(os.fstat(self._fd).st_size, BUFSIZE))
                    if not b: break
                    ptr = self.buffer.tell(); self.buffer.seek(0, 2); self.buffer.write(b); self.buffer.seek(ptr)
                self.newlines = 0
                return self.buffer.read()
            def readline(self):
                while self.newlines == 0:
                    b = os.read(self._fd, max(os.fstat(self._fd).st_size, BUFSIZE))
                    self.newlines = b.count(b"\\n") + (not b)
                    ptr = self.buffer.tell(); self.buffer.seek(0, 2); self.buffer.write(b); self.buffer.seek(ptr)
                self.newlines -= 1
                return self.buffer.readline()
            def flush(self):
                if self.writable:
                    os.write(self._fd, self.buffer.getvalue()); self.buffer.truncate(0); self.buffer.seek(0)
        class IOWrapper(IOBase):
            def __init__(self, file):
                self.buffer = FastIO(file); self.flush = self.buffer.flush; self.writable = self.buffer.writable
                self.write = lambda s: self.buffer.write(s.encode("ascii"))
                self.read = lambda: self.buffer.read().decode("ascii")
                self.readline = lambda: self.buffer.readline().decode("ascii")
        sys.stdin, sys.stdout = IOWrapper(sys.stdin), IOWrapper(sys.stdout)
        input = lambda: sys.stdin.readline().rstrip("\\r\\n")
        for _ in range(int(input())):
            print(sum(map(int, input().split())))
        """,
        "2\n1 2\n3 4\n",
        "3\n7\n",
    ),
]

#: Where numpy and pandas are installed.
LIBRARY_ODDITIES: list[Oddity] = [
    script(
        "numpy: records, dtypes, dates, arguments changed in place",
        """
        import numpy as np
        def rec():
            a = np.zeros(3, dtype=[('name', 'U10'), ('age', 'i4')])
            a['name'] = ['a', 'b', 'c']; a['age'] = [3, 1, 2]
            return a
        def masked(): return np.ma.array([1, 2, 3], mask=[0, 1, 0])
        def dts(): return np.array(['2020-01-01', '2020-02-01'], dtype='datetime64[D]')
        def cplx(): return np.array([1+2j, 3])
        def zero_d(): return np.array(5)
        def singular(a): return np.linalg.inv(a)
        def poly(): return np.poly1d([1, 2, 3])
        def dt(): return np.dtype('int16')
        def uf(): return np.add
        def gen(seed): return np.random.default_rng(seed)
        def empty2(): return np.zeros((0, 3))
        def obj(): return np.array([1, 'a', None], dtype=object)
        def mat(): return np.matrix([[1, 2], [3, 4]])
        def age(a): a['age'] += 1
        def isint(x): return type(x)
        def readonly():
            a = np.arange(3); a.flags.writeable = False; return a
        def void(): return rec()[0]
        def ndenum(a): return list(np.ndenumerate(a))
        def longd(): return np.longdouble(1.5)
        """,
        """
        import numpy as np
        r = rec(); assert r['age'].sum() == 6 and r.dtype.names == ('name', 'age') and len(r) == 3
        assert np.sort(r, order='age')['name'][0] == 'b'
        assert r[0]['name'] == 'a' and r[1][1] == 1
        r = np.array([('a', 1)], dtype=[('name', 'U10'), ('age', 'i4')]); age(r); assert r['age'][0] == 2
        assert void()['age'] == 3 and void()['name'] == 'a' and void().item() == ('a', 3)
        assert masked().sum() == 4
        assert masked().mask.tolist() == [False, True, False]
        assert dts()[1] - dts()[0] == np.timedelta64(31, 'D') and dts().dtype == 'datetime64[D]' and dts()[0] == np.datetime64('2020-01-01')
        assert cplx().dtype == complex and cplx()[0].imag == 2
        assert zero_d().shape == () and zero_d() == 5 and int(zero_d()) == 5
        try: singular(np.zeros((2, 2))); assert False
        except np.linalg.LinAlgError as e: assert 'ingular' in str(e)
        assert poly()(2) == 11 and poly().order == 2 and list(poly().coef) == [1, 2, 3]
        assert dt() == np.int16 and dt().itemsize == 2 and dt() == np.dtype('int16') and dt() == 'int16'
        assert uf()(1, 2) == 3 and uf().reduce([1, 2, 3]) == 6
        assert gen(3).integers(10) == np.random.default_rng(3).integers(10)
        assert empty2().shape == (0, 3) and empty2().size == 0 and empty2().tolist() == []
        assert obj().tolist() == [1, 'a', None] and obj().dtype == object
        assert isint(np.int64(3)) is np.int64 and isint(np.array([1])) is np.ndarray and issubclass(isint(np.float64(1)), float)
        assert readonly().tolist() == [0, 1, 2] and readonly().sum() == 3
        assert ndenum(np.array([[5, 6]])) == [((0, 0), 5), ((0, 1), 6)]
        assert longd() == 1.5 and longd() + 1 == 2.5
        """,
    ),
    script(
        "pandas: indexes, types, tables changed in place",
        """
        import pandas as pd, numpy as np
        def frame(): return pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'x'], 'c': [1.5, np.nan, 2]}, index=['r', 's', 't'])
        def cat(): return pd.Series(['lo', 'hi', 'lo'], dtype='category')
        def grp(df): return df.groupby('b')['a'].sum()
        def multi(df): return df.groupby(['b', 'a']).size()
        def nat(): return pd.to_datetime(pd.Series(['2020-01-01', None]))
        def one_nat(): return pd.NaT
        def ts(): return pd.Timestamp('2020-05-01 10:00')
        def td(): return pd.Timedelta(days=2)
        def idx(): return pd.Index([3, 1, 2], name='i')
        def midx(): return pd.MultiIndex.from_product([['a', 'b'], [1, 2]])
        def period(): return pd.period_range('2020-01', periods=3, freq='M')
        def mut(df): df['z'] = df['a'] * 2
        def dropin(df): df.drop(columns=['c'], inplace=True)
        def sermut(s): s[0] = 99
        def intna(): return pd.array([1, None, 3], dtype='Int64')
        def interval(): return pd.cut(pd.Series([1, 5, 9]), bins=[0, 3, 6, 10])
        def empty(): return pd.DataFrame(columns=['a', 'b'])
        def dr(): return pd.date_range('2020-01-01', periods=3)
        def g(df): return df.groupby('b')
        def tz(): return pd.Timestamp('2020-01-01', tz='Europe/Paris')
        def aggr(df): return df.groupby('b').agg(n=('a', 'count'), m=('a', 'mean'))
        def reset(df): return aggr(df).reset_index()
        def piv(df): return df.pivot_table(index='b', columns='a', values='c')
        def mcols(df): return df.groupby('b').agg({'a': ['min', 'max']})
        def vc(df): return df['b'].value_counts()
        def dup(): return pd.DataFrame([[1, 2], [3, 4]], columns=['a', 'a'])
        def strs(): return pd.Series(['a', None], dtype='string')
        def timed(): return pd.Series(pd.to_timedelta([1, 2], unit='D'))
        def tzser(): return pd.Series(pd.date_range('2020-01-01', periods=2, tz='UTC'))
        def resample(): return pd.Series(range(4), index=pd.date_range('2020-01-01', periods=4, freq='12H')).resample('D').sum()
        def iloc(df): return df.iloc[0]
        def nested(df): return {'df': df, 'n': [df['a']]}
        def boolf(): return pd.Series([True, False, None])
        def big(): return pd.DataFrame(np.arange(6).reshape(2, 3))
        """,
        """
        import numpy as np, pandas as pd
        def fresh(): return pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'x'], 'c': [1.5, np.nan, 2]}, index=['r', 's', 't'])
        df = fresh()
        assert grp(df).to_dict() == {'x': 4, 'y': 2} and grp(df).index.name == 'b'
        pd.testing.assert_series_equal(grp(df), pd.Series([4, 2], index=pd.Index(['x', 'y'], name='b'), name='a'))
        df = fresh()
        assert multi(df).loc[('x', 1)] == 1 and multi(df).index.nlevels == 2 and multi(df).index.names == ['b', 'a']
        df = fresh()
        assert cat().dtype == 'category' and list(cat().cat.categories) == ['hi', 'lo']
        df = fresh()
        assert nat().isna().tolist() == [False, True] and nat()[1] is pd.NaT
        assert pd.isna(one_nat()) and one_nat() is pd.NaT
        df = fresh()
        assert ts().year == 2020 and ts() + pd.Timedelta(hours=1) == pd.Timestamp('2020-05-01 11:00') and isinstance(ts(), pd.Timestamp) and ts().day_name() == 'Friday'
        df = fresh()
        assert td().days == 2 and td() == pd.Timedelta('2D') and isinstance(td(), pd.Timedelta)
        df = fresh()
        assert idx().tolist() == [3, 1, 2] and idx().name == 'i' and idx().sort_values()[0] == 1 and isinstance(idx(), pd.Index)
        df = fresh()
        assert midx().nlevels == 2 and len(midx()) == 4 and midx()[0] == ('a', 1) and isinstance(midx(), pd.MultiIndex)
        df = fresh()
        assert period()[0] == pd.Period('2020-01', 'M') and len(period()) == 3
        df = fresh()
        mut(df); assert df['z'].tolist() == [2, 4, 6] and list(df.columns) == ['a', 'b', 'c', 'z']
        df = fresh()
        dropin(df); assert list(df.columns) == ['a', 'b']
        df = fresh()
        s = pd.Series([1, 2]); sermut(s); assert s.tolist() == [99, 2]
        df = fresh()
        assert intna()[1] is pd.NA and intna().sum() == 4
        df = fresh()
        assert interval().astype(str).tolist() == ['(0, 3]', '(3, 6]', '(6, 10]']
        df = fresh()
        assert empty().empty and list(empty().columns) == ['a', 'b']
        df = fresh()
        assert dr()[1] == pd.Timestamp('2020-01-02') and len(dr()) == 3 and dr().freq is not None
        df = fresh()
        assert g(df).ngroups == 2 and g(df)['a'].max()['x'] == 3 and sorted(k for k, _ in g(df)) == ['x', 'y']
        df = fresh()
        assert str(tz().tz) == 'Europe/Paris' and tz().utcoffset().total_seconds() == 3600
        df = fresh()
        pd.testing.assert_frame_equal(aggr(df), pd.DataFrame({'n': [2, 1], 'm': [2.0, 2.0]}, index=pd.Index(['x', 'y'], name='b')))
        df = fresh()
        pd.testing.assert_frame_equal(reset(df), pd.DataFrame({'b': ['x', 'y'], 'n': [2, 1], 'm': [2.0, 2.0]})); assert isinstance(reset(df).index, pd.RangeIndex)
        df = fresh()
        assert piv(df).columns.name == 'a' and piv(df).index.name == 'b' and piv(df).loc['x', 1] == 1.5
        df = fresh()
        assert mcols(df)[('a', 'max')]['x'] == 3 and mcols(df).columns.nlevels == 2
        df = fresh()
        assert vc(df)['x'] == 2 and vc(df).index[0] == 'x' and vc(df).name == 'b'
        df = fresh()
        assert dup().shape == (2, 2) and dup().iloc[1, 1] == 4
        df = fresh()
        assert strs().dtype == 'string' and strs()[1] is pd.NA
        df = fresh()
        assert timed()[1] == pd.Timedelta(days=2) and timed().dtype == 'timedelta64[ns]'
        df = fresh()
        assert str(tzser().dt.tz) == 'UTC' and tzser()[0] == pd.Timestamp('2020-01-01', tz='UTC')
        df = fresh()
        assert resample().tolist() == [1, 5] and resample().index[1] == pd.Timestamp('2020-01-02') and resample().index.freqstr == 'D'
        df = fresh()
        assert iloc(df)['a'] == 1 and iloc(df).name == 'r' and iloc(df).to_dict() == {'a': 1, 'b': 'x', 'c': 1.5}
        df = fresh()
        n = nested(df); assert n['df'].equals(df) and n['n'][0].sum() == 6
        df = fresh()
        assert boolf()[0] and not boolf()[1] and pd.isna(boolf()[2])
        df = fresh()
        assert (big() == pd.DataFrame(np.arange(6).reshape(2, 3))).all().all() and big().T.shape == (3, 2) and list(big().columns) == [0, 1, 2] and isinstance(big().columns, pd.RangeIndex)
        df = fresh()
        t = pd.DataFrame({'b': pd.Categorical(['x', 'y']), 'a': [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=['p', 'q'])); assert nested(t)['df'].index.names == ['p', 'q'] and nested(t)['df']['b'].dtype == 'category'
        """,
    ),
    script(
        "numpy: seeded by the tests",
        """
        import numpy as np
        def old(n): return np.random.rand(n)
        def pick(x): return np.random.choice(x)
        """,
        """
        import numpy as np
        np.random.seed(0)
        x = old(3)
        np.random.seed(0)
        assert np.allclose(x, np.random.rand(3))
        np.random.seed(42)
        assert pick([1, 2, 3]) == 3
        """,
    ),
    script(
        "membership of what operators make",
        """
        class Interval:
            def __init__(self, a, b): self.a, self.b = a, b
            def __contains__(self, x): return self.a <= x <= self.b
            def __and__(self, other): return Interval(max(self.a, other.a), min(self.b, other.b))
        """,
        """
        both = Interval(1, 5) & Interval(3, 9)
        assert 4 in both and 2 not in both and 4 in (both & Interval(0, 4))
        """,
    ),
    script(
        "types as annotations write them",
        """
        from typing import *
        Vec = List[float]
        Mat = list[Vec]
        Handler = Callable[[int], str]
        Mode = Literal['r', 'w']
        T = TypeVar('T')
        class Stack(Generic[T]):
            def __init__(self): self.items = []
        Nodes = Dict[str, Stack]
        def f(x: Vec, y: Optional[int] = None, *z: int) -> Union[int, str]: return x
        """,
        """
        from typing import *
        import inspect
        assert Vec == List[float] and Mat == list[List[float]] and Handler == Callable[[int], str]
        assert Mode == Literal['r', 'w'] and Nodes == Dict[str, Stack] and Vec != List[int]
        assert get_type_hints(f) == {'x': List[float], 'y': Optional[int], 'z': int, 'return': Union[int, str]}
        assert inspect.signature(f).return_annotation == Union[int, str] and get_args(Mat) == (List[float],)
        s = Stack[int]()
        s.items.append(1)
        assert s.items == [1] and f([1.0]) == [1.0]
        """,
    ),
    script(
        "what classes and functions say of themselves",
        """
        class Base: pass
        class Mixin: pass
        class Child(Mixin, Base): pass
        def f(): return 1
        """,
        """
        import solution
        assert [c.__name__ for c in Child.__mro__] == ['Child', 'Mixin', 'Base', 'object']
        assert Child.__bases__ == (Mixin, Base) and Base.__bases__ == (object,) and Child.mro()[-1] is object
        assert f.__module__ == Child.__module__ == solution.__name__ == 'solution' and f.__name__ == 'f'
        """,
    ),
    script(
        "observers that are taken off again",
        """
        class Emitter:
            def __init__(self): self.handlers, self.once = [], set()
            def on(self, f): self.handlers.append(f)
            def off(self, f): self.handlers.remove(f)
            def emit(self, *a): return [f(*a) for f in self.handlers]
        def same(f, g): return f is g
        """,
        """
        e, got = Emitter(), []
        def double(x): return x * 2
        class Log:
            def write(self, x): got.append(x)
        log = Log()
        for f in (double, got.append, log.write):
            e.on(f)
        assert e.emit(3) == [6, None, None] and got == [3, 3]
        e.off(double)
        e.off(got.append)
        e.off(log.write)
        assert e.emit(4) == [] and got == [3, 3]
        assert same(double, double) and not same(double, lambda x: x)
        try:
            e.off(double)
            assert False
        except ValueError: pass
        """,
    ),
]
