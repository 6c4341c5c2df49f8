/*
 * A HAPI FHIR R4 server over JPA and H2, for tests that need a receiver which is not ours.
 * It listens on 127.0.0.1 alone, asks nobody for a token, and ends when its standard input closes, so that no
 * test run leaves it behind. It may not be reached from another machine and may not hold data of real people.
 *
 * Properties: peer.port (0: any free port), peer.database (a JDBC address of H2; memory if absent).
 */
package bridge.peers;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import java.io.IOException;
import java.io.PrintStream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

public final class Server {

  private static final int MAXIMUM_PAGE = 1000;

  private Server() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    ApplicationContext beans = new AnnotationConfigApplicationContext(Storage.class);
    int port = listen(servlet(beans), Integer.getInteger("peer.port", 0));
    answers.println("HAPI ready on http://127.0.0.1:" + port + "/fhir");
    answers.flush();
    waitForTheCallerToLeave();
    Runtime.getRuntime().halt(0);
  }

  private static RestfulServer servlet(ApplicationContext beans) {
    FhirContext wire = FhirContext.forR4();
    wire.setParserErrorHandler(new StrictErrorHandler());
    IFhirSystemDao<?, ?> system = beans.getBean(IFhirSystemDao.class);
    RestfulServer server = new RestfulServer(wire);
    server.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    server.registerProvider(beans.getBean(JpaSystemProvider.class));
    server.setInterceptorService(beans.getBean(IInterceptorService.class));
    server.setDefaultResponseEncoding(EncodingEnum.JSON);
    server.setPagingProvider(pages(beans));
    server.setServerConformanceProvider(new JpaCapabilityStatementProvider(
        server,
        system,
        beans.getBean(JpaStorageSettings.class),
        beans.getBean(ISearchParamRegistry.class),
        beans.getBean(IValidationSupport.class)));
    return server;
  }

  private static DatabaseBackedPagingProvider pages(ApplicationContext beans) {
    DatabaseBackedPagingProvider pages = beans.getBean(DatabaseBackedPagingProvider.class);
    pages.setMaximumPageSize(MAXIMUM_PAGE);
    return pages;
  }

  private static int listen(RestfulServer fhir, int port) throws Exception {
    org.eclipse.jetty.server.Server jetty = new org.eclipse.jetty.server.Server();
    ServerConnector loopback = new ServerConnector(jetty);
    loopback.setHost("127.0.0.1");
    loopback.setPort(port);
    jetty.addConnector(loopback);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(fhir), "/fhir/*");
    jetty.setHandler(context);
    jetty.start();
    return loopback.getLocalPort();
  }

  private static void waitForTheCallerToLeave() throws IOException {
    while (System.in.read() >= 0) {}
  }
}
