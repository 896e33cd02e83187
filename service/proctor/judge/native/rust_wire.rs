// Values in a binary form of our own, and calls over descriptor 3: a frame is a length (u32, big-endian) and so many
// bytes. Both ends know every type but those behind `dyn Any`, which go with a number.
#[allow(dead_code, unused_imports, non_snake_case)]
pub mod proctor_wire {
    use std::any::Any;
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
    use std::fs::File;
    use std::hash::Hash;
    use std::io::{Read, Write};
    use std::mem::ManuallyDrop;
    use std::os::unix::io::FromRawFd;
    use std::rc::Rc;

    pub struct Malformed;
    pub type Got<T> = Result<T, Malformed>;

    pub struct Reader<'a>(pub &'a [u8]);

    impl<'a> Reader<'a> {
        pub fn take(&mut self, count: usize) -> Got<&'a [u8]> {
            if self.0.len() < count {
                return Err(Malformed);
            }
            let (taken, rest) = self.0.split_at(count);
            self.0 = rest;
            Ok(taken)
        }
        pub fn count(&mut self) -> Got<usize> {
            let count = u64::get(self)?;
            // Everything but the empty tuple takes a byte, so no more can be coming than there are bytes.
            if count > self.0.len() as u64 { Err(Malformed) } else { Ok(count as usize) }
        }
    }

    pub trait Put {
        fn put(&self, out: &mut Vec<u8>);
    }
    pub trait Get: Sized {
        fn get(reader: &mut Reader) -> Got<Self>;
    }

    macro_rules! number {
        ($($kind:ty)*) => {$(
            impl Put for $kind {
                fn put(&self, out: &mut Vec<u8>) { out.extend_from_slice(&self.to_be_bytes()); }
            }
            impl Get for $kind {
                fn get(reader: &mut Reader) -> Got<Self> {
                    let mut bytes = [0u8; std::mem::size_of::<$kind>()];
                    bytes.copy_from_slice(reader.take(std::mem::size_of::<$kind>())?);
                    Ok(<$kind>::from_be_bytes(bytes))
                }
            }
        )*};
    }
    number!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);

    impl Put for bool {
        fn put(&self, out: &mut Vec<u8>) { out.push(*self as u8); }
    }
    impl Get for bool {
        fn get(reader: &mut Reader) -> Got<Self> { Ok(u8::get(reader)? != 0) }
    }
    impl Put for char {
        fn put(&self, out: &mut Vec<u8>) { (*self as u32).put(out); }
    }
    impl Get for char {
        fn get(reader: &mut Reader) -> Got<Self> { char::from_u32(u32::get(reader)?).ok_or(Malformed) }
    }
    impl Put for () {
        fn put(&self, _: &mut Vec<u8>) {}
    }
    impl Get for () {
        fn get(_: &mut Reader) -> Got<Self> { Ok(()) }
    }
    impl Put for String {
        fn put(&self, out: &mut Vec<u8>) {
            (self.len() as u64).put(out);
            out.extend_from_slice(self.as_bytes());
        }
    }
    impl Get for String {
        fn get(reader: &mut Reader) -> Got<Self> {
            let count = reader.count()?;
            String::from_utf8(reader.take(count)?.to_vec()).map_err(|_| Malformed)
        }
    }
    // What is borrowed stays for the process's life.
    impl Get for &'static str {
        fn get(reader: &mut Reader) -> Got<Self> { Ok(Box::leak(String::get(reader)?.into_boxed_str())) }
    }
    impl<T: Get> Get for &'static [T] {
        fn get(reader: &mut Reader) -> Got<Self> { Ok(Box::leak(Vec::<T>::get(reader)?.into_boxed_slice())) }
    }
    impl<T: Get> Get for &'static T {
        fn get(reader: &mut Reader) -> Got<Self> { Ok(Box::leak(Box::new(T::get(reader)?))) }
    }

    impl Put for str {
        fn put(&self, out: &mut Vec<u8>) { put_text(self, out) }
    }
    impl<T: Put> Put for [T] {
        fn put(&self, out: &mut Vec<u8>) { put_all(self.len(), self.iter(), out) }
    }
    impl<'a, T: Put + ?Sized> Put for &'a T {
        fn put(&self, out: &mut Vec<u8>) { (**self).put(out) }
    }
    impl<'a, T: Put + ?Sized> Put for &'a mut T {
        fn put(&self, out: &mut Vec<u8>) { (**self).put(out) }
    }

    pub fn put_text(text: &str, out: &mut Vec<u8>) {
        (text.len() as u64).put(out);
        out.extend_from_slice(text.as_bytes());
    }
    pub fn put_all<'a, T: Put + 'a>(count: usize, items: impl Iterator<Item = &'a T>, out: &mut Vec<u8>) {
        (count as u64).put(out);
        for item in items {
            item.put(out);
        }
    }
    fn get_all<T: Get>(reader: &mut Reader) -> Got<Vec<T>> {
        let count = reader.count()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(T::get(reader)?);
        }
        Ok(items)
    }

    macro_rules! collection {
        ($($kind:ident: $($bound:ident)*),*) => {$(
            impl<T: Put $(+ $bound)*> Put for $kind<T> {
                fn put(&self, out: &mut Vec<u8>) { put_all(self.len(), self.iter(), out) }
            }
            impl<T: Get $(+ $bound)*> Get for $kind<T> {
                fn get(reader: &mut Reader) -> Got<Self> { Ok(get_all::<T>(reader)?.into_iter().collect()) }
            }
        )*};
    }
    collection!(Vec:, VecDeque:, HashSet: Eq Hash, BTreeSet: Ord);

    macro_rules! mapping {
        ($($kind:ident: $($bound:ident)*),*) => {$(
            impl<K: Put $(+ $bound)*, V: Put> Put for $kind<K, V> {
                fn put(&self, out: &mut Vec<u8>) {
                    (self.len() as u64).put(out);
                    for (key, value) in self {
                        key.put(out);
                        value.put(out);
                    }
                }
            }
            impl<K: Get $(+ $bound)*, V: Get> Get for $kind<K, V> {
                fn get(reader: &mut Reader) -> Got<Self> { Ok(get_all::<(K, V)>(reader)?.into_iter().collect()) }
            }
        )*};
    }
    mapping!(HashMap: Eq Hash, BTreeMap: Ord);

    impl<T: Put, const N: usize> Put for [T; N] {
        fn put(&self, out: &mut Vec<u8>) { put_all(N, self.iter(), out) }
    }
    impl<T: Get, const N: usize> Get for [T; N] {
        fn get(reader: &mut Reader) -> Got<Self> { get_all::<T>(reader)?.try_into().map_err(|_| Malformed) }
    }
    impl<T: Put> Put for Option<T> {
        fn put(&self, out: &mut Vec<u8>) {
            self.is_some().put(out);
            if let Some(inner) = self {
                inner.put(out);
            }
        }
    }
    impl<T: Get> Get for Option<T> {
        fn get(reader: &mut Reader) -> Got<Self> {
            Ok(if bool::get(reader)? { Some(T::get(reader)?) } else { None })
        }
    }
    impl<T: Put, E: Put> Put for Result<T, E> {
        fn put(&self, out: &mut Vec<u8>) {
            self.is_ok().put(out);
            match self {
                Ok(inner) => inner.put(out),
                Err(inner) => inner.put(out),
            }
        }
    }
    impl<T: Get, E: Get> Get for Result<T, E> {
        fn get(reader: &mut Reader) -> Got<Self> {
            Ok(if bool::get(reader)? { Ok(T::get(reader)?) } else { Err(E::get(reader)?) })
        }
    }
    macro_rules! boxed {
        ($($kind:ident)*) => {$(
            impl<T: Put> Put for $kind<T> {
                fn put(&self, out: &mut Vec<u8>) { (**self).put(out) }
            }
            impl<T: Get> Get for $kind<T> {
                fn get(reader: &mut Reader) -> Got<Self> { Ok($kind::new(T::get(reader)?)) }
            }
        )*};
    }
    boxed!(Box Rc);

    macro_rules! tuple {
        ($($name:ident)*) => {
            impl<$($name: Put),*> Put for ($($name,)*) {
                fn put(&self, out: &mut Vec<u8>) { let ($($name,)*) = self; $($name.put(out);)* }
            }
            impl<$($name: Get),*> Get for ($($name,)*) {
                fn get(reader: &mut Reader) -> Got<Self> { Ok(($($name::get(reader)?,)*)) }
            }
        };
    }
    tuple!(A);
    tuple!(A B);
    tuple!(A B C);
    tuple!(A B C D);
    tuple!(A B C D E);
    tuple!(A B C D E F);

    macro_rules! any {
        ($($number:literal $kind:ty),*) => {
            impl Put for Box<dyn Any> {
                fn put(&self, out: &mut Vec<u8>) {
                    $(if let Some(value) = self.downcast_ref::<$kind>() {
                        out.push($number);
                        return value.put(out);
                    })*
                    panic!("a value behind `dyn Any` cannot leave its process");
                }
            }
            impl Get for Box<dyn Any> {
                fn get(reader: &mut Reader) -> Got<Self> {
                    match u8::get(reader)? {
                        $($number => Ok(Box::new(<$kind as Get>::get(reader)?)),)*
                        _ => Err(Malformed),
                    }
                }
            }
        };
    }
    any!(0 i32, 1 i64, 2 u32, 3 u64, 4 f32, 5 f64, 6 &'static str, 7 String, 8 bool, 9 char, 10 u8, 11 usize, 12 isize,
         13 Vec<i32>, 14 Vec<f64>, 15 Vec<String>, 16 (), 17 i8, 18 i16, 19 u16, 20 Vec<&'static str>, 21 i128,
         22 HashMap<i32, i32>, 23 HashMap<String, String>, 24 Vec<char>, 25 [i32; 0], 26 [i32; 1], 27 [i32; 2],
         28 [i32; 3], 29 Vec<Box<dyn Any>>);

    fn peer() -> ManuallyDrop<File> {
        ManuallyDrop::new(unsafe { File::from_raw_fd(3) })
    }
    pub fn send(body: &[u8]) -> bool {
        let mut frame = (body.len() as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        peer().write_all(&frame).is_ok()
    }
    pub fn receive() -> Option<Vec<u8>> {
        let mut head = [0u8; 4];
        peer().read_exact(&mut head).ok()?;
        let size = u32::from_be_bytes(head) as u64;
        let mut body = Vec::new(); // as it comes: who only says that much is coming makes nobody reserve it
        (&mut *peer()).take(size).read_to_end(&mut body).ok()?;
        if body.len() as u64 == size { Some(body) } else { None }
    }
}
