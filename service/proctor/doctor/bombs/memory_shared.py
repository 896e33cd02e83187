import mmap

held = []
while True:
    m = mmap.mmap(-1, 8 << 20)
    for at in range(0, 8 << 20, 4096):
        m[at] = 1
    held.append(m)
