import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/**
 * Runs Neo4j until standard input ends, with the settings of neo4j.conf in the given
 * directory, which goes too at the end where it is "temporary". The password comes from the environment, so that no process list shows it.
 */
public class Launch {
    public static void main(String[] args) throws Exception {
        try {
            run(Path.of(args[0]), args.length > 1);
        } catch (Throwable t) {
            t.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    static void run(Path home, boolean temporary) throws Exception {
        boolean fresh = !Files.exists(home.resolve("data"));
        DatabaseManagementService service = new DatabaseManagementServiceBuilder(home)
                .loadPropertiesFromFile(home.resolve("neo4j.conf")).build();
        if (fresh) {
            service.database(GraphDatabaseSettings.SYSTEM_DATABASE_NAME).executeTransactionally(
                    "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED",
                    Map.of("password", System.getenv("NEO4J_PASSWORD")));
        }
        System.out.println("ready");
        while (System.in.read() >= 0) { }
        service.shutdown();
        if (temporary) {
            try (var files = Files.walk(home)) {
                files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
            }
        }
    }
}
