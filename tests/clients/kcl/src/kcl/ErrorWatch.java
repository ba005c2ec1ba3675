package kcl;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/** Prints the library's warnings, and takes every error line of it for a fault. */
final class ErrorWatch extends AppenderBase<ILoggingEvent> {
  private final Ledger ledger;

  private ErrorWatch(Ledger ledger) {
    this.ledger = ledger;
  }

  static void install(Ledger ledger) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    ErrorWatch watch = new ErrorWatch(ledger);
    watch.setContext(context);
    watch.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(watch);
  }

  @Override
  protected void append(ILoggingEvent event) {
    IThrowableProxy thrown = event.getThrowableProxy();
    String text = event.getLevel() + " " + event.getLoggerName() + ": " + event.getFormattedMessage()
        + (thrown == null ? "" : " [" + thrown.getClassName() + ": " + thrown.getMessage() + "]");
    System.out.println("  " + text);
    if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
      ledger.fault(text);
    }
  }
}
