//! How databases, caches, queues and search engines speak.

use super::Voice;

impl Voice<'_, '_> {
    pub(super) fn postgres(&mut self) {
        let at = self.time().strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string();
        let pid = self.rng.between(30, 900);
        let n = self.rng.between(1, 900);
        match self.rng.below(12) {
            0 | 1 => self.cry(format!("{at} [27] LOG:  checkpoint starting: time")),
            2 | 3 => self.cry(format!(
                "{at} [27] LOG:  checkpoint complete: wrote {n} buffers ({}.{} %); 0 WAL file(s) added, 0 removed, 1 recycled; \
                 write={}.{:03} s, sync=0.006 s, total={}.{:03} s",
                n / 160, n % 10, n / 90, n, n / 90 + 1, n
            )),
            4 => {
                self.cry(format!("{at} [{pid}] ERROR:  duplicate key value violates unique constraint \"orders_number_key\""));
                self.cry(format!("{at} [{pid}] DETAIL:  Key (number)=({n}) already exists."));
                self.cry(format!("{at} [{pid}] STATEMENT:  INSERT INTO orders (number, customer_id, total) VALUES ($1, $2, $3)"));
            }
            5 if self.load > 0.45 => {
                self.cry(format!("{at} [{pid}] LOG:  duration: {}.{:03} ms  execute <unnamed>: SELECT o.*, c.name FROM orders o", 1_000 + n, n));
                self.cry("\tJOIN customers c ON c.id = o.customer_id");
                self.cry("\tWHERE o.created_at > $1 ORDER BY o.created_at DESC LIMIT 50");
            }
            6 => self.cry(format!("{at} [{pid}] FATAL:  password authentication failed for user \"admin\"")),
            7 => self.cry(format!("{at} [{pid}] LOG:  could not receive data from client: Connection reset by peer")),
            8 => self.cry(format!("{at} [30] LOG:  automatic vacuum of table \"public.sessions\": index scans: 1, removed {n} dead tuples")),
            _ => self.cry(format!("{at} [{pid}] LOG:  connection authorized: user=app database=app application_name=pool")),
        }
    }

    pub(super) fn redis(&mut self) {
        let at = self.time().strftime("%d %b %Y %H:%M:%S.%3f").to_string();
        let n = self.rng.between(2, 900);
        match self.rng.below(4) {
            0 => {
                self.say(format!("1:M {at} * {} changes in 300 seconds. Saving...", n * 10));
                self.say(format!("1:M {at} * Background saving started by pid {}", 60 + n));
            }
            1 => self.say(format!("{}:C {at} * DB saved on disk", 60 + n)),
            2 => self.say(format!("1:M {at} * Background saving terminated with success")),
            _ => self.say(format!("1:M {at} # WARNING Memory overcommit must be enabled! Background save may fail under low memory condition.")),
        }
    }

    pub(super) fn mongo(&mut self) {
        let at = format!("{:.3}", self.time()).replace('Z', "+00:00");
        let n = self.rng.between(100, 9_000);
        let line = match self.rng.below(6) {
            0 => format!(
                "{{\"t\":{{\"$date\":\"{at}\"}},\"s\":\"I\",\"c\":\"NETWORK\",\"id\":22943,\"ctx\":\"listener\",\"msg\":\"Connection accepted\",\"attr\":{{\"remote\":\"172.20.0.9:{}\",\"connectionId\":{n}}}}}",
                30_000 + n
            ),
            1 => format!(
                "{{\"t\":{{\"$date\":\"{at}\"}},\"s\":\"I\",\"c\":\"NETWORK\",\"id\":22944,\"ctx\":\"conn{n}\",\"msg\":\"Connection ended\",\"attr\":{{\"connectionCount\":{}}}}}",
                n % 90
            ),
            2 => format!(
                "{{\"t\":{{\"$date\":\"{at}\"}},\"s\":\"W\",\"c\":\"QUERY\",\"id\":51803,\"ctx\":\"conn{n}\",\"msg\":\"Slow query\",\"attr\":{{\"ns\":\"catalog_db.products\",\"planSummary\":\"COLLSCAN\",\"docsExamined\":{},\"durationMillis\":{}}}}}",
                n * 40,
                100 + n % 900
            ),
            _ => format!(
                "{{\"t\":{{\"$date\":\"{at}\"}},\"s\":\"I\",\"c\":\"WTCHKPT\",\"id\":22430,\"ctx\":\"Checkpointer\",\"msg\":\"WiredTiger message\",\"attr\":{{\"message\":\"saving checkpoint snapshot min: {n}, snapshot max: {n} snapshot count: 0\"}}}}"
            ),
        };
        self.say(line);
    }

    pub(super) fn kafka(&mut self) {
        let at = self.time().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
        let n = self.rng.between(1, 90);
        match self.rng.below(5) {
            0 => self.say(format!("[{at}] INFO [GroupCoordinator id=1] Preparing to rebalance group order-events in state PreparingRebalance with old generation {n} (kafka.coordinator.group.GroupCoordinator)")),
            1 => self.say(format!("[{at}] INFO [LocalLog partition=orders-{}, dir=/var/lib/kafka/data] Rolled new log segment at offset {} in 2 ms. (kafka.log.LocalLog)", n % 6, n * 10_000)),
            2 => self.say(format!("[{at}] WARN [GroupCoordinator id=1] Member consumer-{n} in group notifications has failed, removing it from the group (kafka.coordinator.group.GroupCoordinator)")),
            _ => self.say(format!("[{at}] INFO [SnapshotGenerator id=1] Creating new KRaft snapshot file snapshot {:020}-{:010} because we have replayed at least {} bytes. (org.apache.kafka.image.publisher.SnapshotGenerator)", n * 1_000, n, n * 20_971)),
        }
    }

    pub(super) fn opensearch(&mut self) {
        let at = self.time().strftime("%Y-%m-%dT%H:%M:%S,%3f").to_string();
        let host = self.scene.unit.replica.id.short().to_owned();
        let n = self.rng.between(20, 900);
        match self.rng.below(3) {
            0 => self.say(format!("[{at}][INFO ][o.o.m.j.JvmGcMonitorService] [{host}] [gc][{n}] overhead, spent [{}ms] collecting in the last [1s]", 250 + n / 4)),
            1 => self.say(format!("[{at}][WARN ][o.o.c.r.a.DiskThresholdMonitor] [{host}] low disk watermark [85%] exceeded on [{host}], replicas will not be assigned to this node")),
            _ => self.say(format!("[{at}][INFO ][o.o.c.m.MetadataMappingService] [{host}] [products-{n}] update_mapping [_doc]")),
        }
    }
}
