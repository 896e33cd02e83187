package proctor;

import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Frames over a descriptor: a little-endian u32 length, then that many bytes of JSON. */
public final class Channel {
    static final int FRAME_MAX = 64 << 20;

    private final FileInputStream in;
    private final FileOutputStream out;

    /** What the other end sent is no frame. */
    public static final class Malformed extends RuntimeException {
        Malformed(String message) {
            super(message);
        }
    }

    public Channel(int number) {
        FileDescriptor descriptor = descriptor(number);
        in = new FileInputStream(descriptor);
        out = new FileOutputStream(descriptor);
    }

    /** A descriptor that was inherited. Java has no way to name one but this. */
    static FileDescriptor descriptor(int number) {
        try {
            Field access = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
            access.setAccessible(true);
            sun.misc.Unsafe unsafe = (sun.misc.Unsafe) access.get(null);
            FileDescriptor made = new FileDescriptor();
            unsafe.putInt(made, unsafe.objectFieldOffset(FileDescriptor.class.getDeclaredField("fd")), number);
            return made;
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The next message. Throws EOFException where the other end is gone, Malformed. */
    public Map<?, ?> receive() throws IOException {
        byte[] head = exactly(4);
        int length = (head[0] & 255) | (head[1] & 255) << 8 | (head[2] & 255) << 16 | (head[3] & 255) << 24;
        if (length < 0 || length > FRAME_MAX) {
            throw new Malformed("a frame that is too large");
        }
        String text = new String(exactly(length), StandardCharsets.UTF_8);
        Object message;
        try {
            message = Json.read(text);
        } catch (RuntimeException | StackOverflowError error) {
            throw new Malformed("a frame that is not JSON");
        }
        if (!(message instanceof Map)) {
            throw new Malformed("a frame that is no message");
        }
        return (Map<?, ?>) message;
    }

    private byte[] exactly(int n) throws IOException {
        byte[] data = new byte[n];
        for (int got = 0; got < n; ) { // readNBytes would ask for a position, which a socket has not
            int more = in.read(data, got, n - got);
            if (more < 0) {
                throw new EOFException();
            }
            got += more;
        }
        return data;
    }

    /** Throws IOException where the other end is gone. */
    public void send(Object message) throws IOException {
        byte[] body = Json.write(message).getBytes(StandardCharsets.US_ASCII);
        if (body.length > FRAME_MAX) {
            throw new IllegalArgumentException("more than a frame may hold");
        }
        byte[] frame = new byte[4 + body.length];
        for (int i = 0; i < 4; i++) {
            frame[i] = (byte) (body.length >>> 8 * i);
        }
        System.arraycopy(body, 0, frame, 4, body.length);
        out.write(frame);
    }
}
