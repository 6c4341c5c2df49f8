/*
 * HAPI's instance validator for R4 as a process that stays: one question a line in, one answer a line out.
 *
 *   in    {"resource": "<JSON or XML text>", "profiles": ["canonical", ...]}
 *   out   [{"severity": "error", "location": "Observation.value", "message": "..."}, ...]
 *
 * Every argument is a folder whose StructureDefinition-, ValueSet- and CodeSystem-*.json are known beside those of R4.
 * Terminology is what these files hold, and UCUM; a code of LOINC or SNOMED CT is a warning at most, because nobody is
 * asked over the network. It ends when its standard input closes. It may not repair what it reads.
 */
package bridge.peers;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

public final class Validator {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Validator() {}

  public static void main(String[] folders) throws IOException {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    FhirValidator validator = validator(FhirContext.forR4(), folders);
    validate(validator, JSON.readTree("{\"resource\": \"{\\\"resourceType\\\": \\\"Observation\\\"}\"}"));
    answers.println("Validator ready");
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      answers.println(JSON.writeValueAsString(validate(validator, JSON.readTree(line))));
    }
    Runtime.getRuntime().halt(0);
  }

  private static ArrayNode validate(FhirValidator validator, JsonNode question) {
    ValidationOptions options = new ValidationOptions();
    question.path("profiles").forEach(profile -> options.addProfile(profile.asText()));
    ArrayNode issues = JSON.createArrayNode();
    try {
      validator.validateWithResult(question.path("resource").asText(), options)
          .getMessages()
          .forEach(message -> add(issues, message));
    } catch (RuntimeException unreadable) {
      add(issues, "fatal", "", unreadable.getMessage());
    }
    return issues;
  }

  private static void add(ArrayNode issues, SingleValidationMessage message) {
    add(issues, message.getSeverity().getCode(), Objects.toString(message.getLocationString(), ""), message.getMessage());
  }

  private static void add(ArrayNode issues, String severity, String location, String message) {
    issues.addObject().put("severity", severity).put("location", location).put("message", message);
  }

  private static FhirValidator validator(FhirContext fhir, String[] folders) throws IOException {
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(fhir);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    FhirInstanceValidator module = new FhirInstanceValidator(new ValidationSupportChain(
        new DefaultProfileValidationSupport(fhir),
        definitions(fhir, folders),
        new CommonCodeSystemsTerminologyService(fhir),
        new InMemoryTerminologyServerValidationSupport(fhir),
        new SnapshotGeneratingValidationSupport(fhir),
        unknown));
    return fhir.newValidator().registerValidatorModule(module);
  }

  private static PrePopulatedValidationSupport definitions(FhirContext fhir, String[] folders) throws IOException {
    PrePopulatedValidationSupport known = new PrePopulatedValidationSupport(fhir);
    for (String folder : folders) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(Path.of(folder), "{StructureDefinition,ValueSet,CodeSystem}-*.json")) {
        for (Path file : files) {
          known.addResource(fhir.newJsonParser().parseResource(Files.readString(file)));
        }
      }
    }
    return known;
  }
}
