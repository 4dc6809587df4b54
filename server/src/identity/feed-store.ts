import { type Privileged, sql } from '@businessos/tenancy';
import { type FeedSource, MEMORY_S } from './feed.ts';

interface Row {
  rev: string;
  gen: string;
  seq: string | null;
  subject: string | null;
}

/** The feed on the primary, over a connection of its own, so that no busy pool makes a look late. */
export function feedSource(connection: Privileged): FeedSource {
  return {
    read: async (after) => {
      const { rows } = await connection.run('look at the revocation feed', (db) =>
        db.query<Row>(
          sql('feed')`select h.seq as rev, h.generation as gen, f.seq, f.subject from identity.feed_head h
            left join identity.feed f on f.seq > ${after} and f.at > now() - make_interval(secs => ${MEMORY_S}) order by f.seq`,
        ),
      );
      const head = rows[0] as Row;
      return {
        rev: Number(head.rev),
        gen: head.gen,
        events: rows.flatMap(({ seq, subject }) => (seq && subject ? [{ seq: Number(seq), subject }] : [])),
      };
    },
    newGeneration: async (known) => {
      await connection.run('a restored database drops what all remember', (db) =>
        db.query(sql`select identity.new_generation(${known})`),
      );
    },
  };
}
