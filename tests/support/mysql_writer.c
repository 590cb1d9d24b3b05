/* A writer on libmysqlclient for the e2e tests: INSERTs (NAME, 0), (NAME, 1), ... into test.w, each again until it is acknowledged,
   reconnecting at once. Says one line for each outcome; mysql_clients.py reads them. Ends with its turn at SIGTERM, and with 3
   if the table has a row that it has not tried yet.

   usage: mysql_writer HOST PORT NAME text|prepared off|require|verify [CA-FILE]

   ack TIME N             acknowledged (TIME: CLOCK_MONOTONIC, seconds)
   found TIME N           1062 for a row that was tried before: executed, never acknowledged
   refused TIME NUMBER T  an ERR packet
   error TIME NUMBER T    the connection failed or ended */

#include <errmsg.h>
#include <mysql.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { duplicate_key = 1062, seconds_to_wait = 15 };

static volatile sig_atomic_t ending = 0;

static void end(int signal) {
  (void)signal;
  ending = 1;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct writer {
  const char* host;
  unsigned port;
  const char* name;
  const char* tls;
  const char* ca_file;
  int prepared;
  MYSQL* connection;
  MYSQL_STMT* statement;
  unsigned number; /* of the row that is tried */
  int tried;       /* its INSERT was sent at least once */
};

static void drop(struct writer* w) {
  if (w->statement != NULL) mysql_stmt_close(w->statement);
  w->statement = NULL;
  if (w->connection != NULL) mysql_close(w->connection);
  w->connection = NULL;
}

static void failed(struct writer* w, unsigned number, const char* text) {
  const int by_client = number >= CR_MIN_ERROR && number <= CR_MAX_ERROR;
  printf("%s %.6f %u %s\n", by_client ? "error" : "refused", now(), number, text);
  drop(w);
}

static void advance(struct writer* w, const char* outcome) {
  printf("%s %.6f %u\n", outcome, now(), w->number);
  w->number += 1;
  w->tried = 0;
}

static void set_options(struct writer* w) {
  const unsigned timeout = seconds_to_wait;
  mysql_options(w->connection, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
  mysql_options(w->connection, MYSQL_OPT_READ_TIMEOUT, &timeout);
  mysql_options(w->connection, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
  const my_bool enforce = strcmp(w->tls, "off") != 0;
  const my_bool verify = strcmp(w->tls, "verify") == 0;
  mysql_options(w->connection, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(w->connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (w->ca_file != NULL) mysql_ssl_set(w->connection, NULL, NULL, w->ca_file, NULL, NULL);
}

static int connect_to(struct writer* w) {
  w->connection = mysql_init(NULL);
  set_options(w);
  if (mysql_real_connect(w->connection, w->host, "app", "app", "test", w->port, NULL, 0) == NULL) {
    failed(w, mysql_errno(w->connection), mysql_error(w->connection));
    return 0;
  }
  if (strcmp(w->tls, "off") != 0 && mysql_get_ssl_cipher(w->connection) == NULL) { /* "require" alone goes on without */
    failed(w, CR_SSL_CONNECTION_ERROR, "the server has no TLS");
    return 0;
  }
  if (!w->prepared) return 1;
  const char* text = "INSERT INTO w (writer, n) VALUES (?, ?)";
  w->statement = mysql_stmt_init(w->connection);
  if (mysql_stmt_prepare(w->statement, text, strlen(text)) != 0) {
    failed(w, mysql_stmt_errno(w->statement), mysql_stmt_error(w->statement));
    return 0;
  }
  return 1;
}

static unsigned insert_prepared(struct writer* w) {
  MYSQL_BIND values[2];
  unsigned long length = strlen(w->name);
  memset(values, 0, sizeof values);
  values[0].buffer_type = MYSQL_TYPE_STRING;
  values[0].buffer = (void*)(uintptr_t)w->name;
  values[0].buffer_length = length;
  values[0].length = &length;
  values[1].buffer_type = MYSQL_TYPE_LONG;
  values[1].buffer = &w->number;
  values[1].is_unsigned = 1;
  mysql_stmt_bind_param(w->statement, values);
  return mysql_stmt_execute(w->statement) == 0 ? 0 : mysql_stmt_errno(w->statement);
}

static unsigned insert_text(struct writer* w) {
  char text[128];
  snprintf(text, sizeof text, "INSERT INTO w (writer, n) VALUES ('%s', %u)", w->name, w->number);
  return mysql_query(w->connection, text) == 0 ? 0 : mysql_errno(w->connection);
}

static void turn(struct writer* w) {
  if (w->connection == NULL && !connect_to(w)) return;
  const int again = w->tried;
  w->tried = 1;
  const unsigned number = w->prepared ? insert_prepared(w) : insert_text(w);
  if (number == 0) {
    advance(w, "ack");
  } else if (number == duplicate_key) {
    if (!again) exit(3);
    advance(w, "found");
  } else {
    failed(w, number, w->prepared ? mysql_stmt_error(w->statement) : mysql_error(w->connection));
  }
}

int main(int count, char** words) {
  if (count < 6) {
    fprintf(stderr, "usage: mysql_writer HOST PORT NAME text|prepared off|require|verify [CA-FILE]\n");
    return 2;
  }
  struct writer w = {.host = words[1], .port = (unsigned)atoi(words[2]), .name = words[3], .tls = words[5],
                     .ca_file = count > 6 ? words[6] : NULL, .prepared = strcmp(words[4], "prepared") == 0};
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (!ending) {
    turn(&w);
    const struct timespec pace = {.tv_nsec = 1000000};
    nanosleep(&pace, NULL);
  }
  drop(&w);
  return 0;
}
