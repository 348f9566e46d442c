package org.apache.livy.repl;

import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.livy.rsc.BaseProtocol;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.ReplJobResults;
import org.apache.livy.rsc.driver.RSCDriver;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.livy.rsc.driver.Statement;
import org.apache.livy.rsc.driver.StatementState;
import org.apache.livy.rsc.rpc.Rpc;
import org.apache.spark.SparkConf;

/**
 * The driver that an interactive session of Livy starts, and the one part of
 * Livy that is in no package registry.  It tells the server its state and runs
 * statements as Spark SQL, one at a time.
 */
public class ReplDriver extends RSCDriver {
  private static final int ROWS_MAX = 1000;

  private final ExecutorService runner = Executors.newSingleThreadExecutor();
  private final List<Statement> statements = new ArrayList<>();
  private volatile SparkEntries entries;
  private volatile String state = "starting";

  public ReplDriver(SparkConf conf, RSCConf livyConf) throws Exception {
    super(conf, livyConf);
  }

  @Override
  protected SparkEntries initializeSparkEntries() throws Exception {
    entries = super.initializeSparkEntries();
    entries.sparkSession();
    tell("idle");
    return entries;
  }

  /** A server that has just connected has missed what was told before. */
  @Override
  protected void onClientAuthenticated(Rpc client) {
    client.call(new BaseProtocol.ReplState(state));
  }

  @Override
  protected void shutdownContext() {
    runner.shutdownNow();
    super.shutdownContext();
  }

  private synchronized void tell(String now) {
    state = now;
    broadcast(new BaseProtocol.ReplState(now));
  }

  /** Queues a statement and returns its number. */
  public int handle(ChannelHandlerContext ctx, BaseProtocol.ReplJobRequest msg) {
    synchronized (statements) {
      Statement statement =
          new Statement(statements.size(), msg.code, StatementState.Waiting, null);
      statements.add(statement);
      runner.submit(() -> run(statement));
      return statement.id;
    }
  }

  public void handle(ChannelHandlerContext ctx, BaseProtocol.CancelReplJobRequest msg) {
    Statement statement;
    synchronized (statements) {
      if (msg.id < 0 || msg.id >= statements.size()) {
        return;
      }
      statement = statements.get(msg.id);
    }
    if (statement.compareAndTransit(StatementState.Waiting, StatementState.Cancelled)) {
      return;
    }
    if (statement.compareAndTransit(StatementState.Running, StatementState.Cancelling)) {
      entries.sc().sc().cancelAllJobs();
    }
  }

  public ReplJobResults handle(ChannelHandlerContext ctx, BaseProtocol.GetReplJobResults msg) {
    synchronized (statements) {
      int from = msg.allResults ? 0 : Math.max(0, msg.from);
      int end = msg.allResults ? statements.size() : Math.min(statements.size(), from + msg.size);
      return new ReplJobResults(
          statements.subList(Math.min(from, end), end).toArray(new Statement[0]));
    }
  }

  private void run(Statement statement) {
    if (!statement.compareAndTransit(StatementState.Waiting, StatementState.Running)) {
      return;
    }
    statement.started = System.currentTimeMillis();
    tell("busy");
    try {
      statement.output = "{\"status\":\"ok\",\"execution_count\":" + statement.id
          + ",\"data\":{\"text/plain\":" + quote(sql(statement.code)) + "}}";
    } catch (Throwable e) {
      statement.output = "{\"status\":\"error\",\"execution_count\":" + statement.id
          + ",\"ename\":" + quote(e.getClass().getSimpleName())
          + ",\"evalue\":" + quote(String.valueOf(e.getMessage())) + ",\"traceback\":[]}";
    }
    statement.updateProgress(1.0);
    statement.completed = System.currentTimeMillis();
    if (!statement.compareAndTransit(StatementState.Running, StatementState.Available)) {
      statement.compareAndTransit(StatementState.Cancelling, StatementState.Cancelled);
    }
    tell("idle");
  }

  private String sql(String code) throws Exception {
    return String.join(
        "\n", entries.sparkSession().sql(code).limit(ROWS_MAX).toJSON().collectAsList());
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
