import java.nio.file.*;
import java.util.*;
import static java.nio.file.StandardWatchEventKinds.*;

/** Java's WatchService, with a watch for each directory, as its tutorial does. */
public class Watch {
	static final Map<WatchKey, Path> keys = new HashMap<>();
	static WatchService service;

	static void add(Path dir) {
		try {
			keys.put(dir.register(service, ENTRY_CREATE, ENTRY_DELETE,
					ENTRY_MODIFY), dir);
		} catch (java.io.IOException e) {
			System.err.println(e);
		}
	}

	public static void main(String[] args) throws Exception {
		Path root = Paths.get(args[0]);
		service = root.getFileSystem().newWatchService();
		add(root);
		try (var all = Files.newDirectoryStream(root)) {
			for (Path path : all)
				if (Files.isDirectory(path))
					add(path);
		}
		System.out.println("READY");
		for (;;) {
			WatchKey key = service.take();
			Path dir = keys.get(key);
			for (WatchEvent<?> event : key.pollEvents()) {
				if (event.kind() == OVERFLOW)
					continue;
				Path path = dir.resolve((Path) event.context());
				boolean here = Files.isDirectory(path);
				if (event.kind() == ENTRY_CREATE && here)
					add(path);
				System.out.println((event.kind() == ENTRY_CREATE ? "come "
						: event.kind() == ENTRY_DELETE ? "go "
						: "change ") + path);
			}
			System.out.flush();
			key.reset();
		}
	}
}
