// The first tables.

import type { ColumnDefinitionBuilder } from 'kysely';
import { sql } from '../kysely.js';
import type { Migration } from './migration.js';

export const first: Migration = async (db, kind) => {
  const { schema } = db;
  // An id is never given twice, also after its row is deleted.
  const counted = (column: ColumnDefinitionBuilder) =>
    kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity();
  const id = kind === 'sqlite' ? 'integer' : 'bigint';
  // SQLite has no other kind of integer.
  const time = kind === 'sqlite' ? 'integer' : 'bigint';
  const real = kind === 'sqlite' ? 'real' : 'double precision';
  await schema
    .createTable('bot_change')
    .addColumn('number', id, (column) => column.notNull())
    .execute();
  await sql`insert into bot_change (number) values (0)`.execute(db);
  await schema
    .createTable('bot_pair')
    .addColumn('id', id, counted)
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .addColumn('question', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('previous', 'text')
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('up', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('down', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('change', id, (column) => column.notNull())
    .execute();
  await schema.createIndex('bot_pair_change').on('bot_pair').columns(['change', 'id']).execute();
  await schema
    .createTable('bot_pair_file')
    .addColumn('pair', id, (column) => column.notNull().references('bot_pair.id').onDelete('cascade'))
    .addColumn('file', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('bot_pair_file_key', ['pair', 'file'])
    .execute();
  await schema.createIndex('bot_pair_file_name').on('bot_pair_file').column('file').execute();
  await schema
    .createTable('bot_removed_pair')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('change', id, (column) => column.notNull())
    .execute();
  await schema
    .createIndex('bot_removed_pair_change')
    .on('bot_removed_pair')
    .columns(['change', 'id'])
    .execute();
  await schema
    .createTable('bot_vote')
    .addColumn('id', id, counted)
    .addColumn('pair', id, (column) => column.notNull().references('bot_pair.id').onDelete('cascade'))
    .addColumn('user_name', 'text')
    .addColumn('vote', 'text', (column) => column.notNull())
    .addUniqueConstraint('bot_vote_once', ['pair', 'user_name'])
    .execute();
  await schema.createIndex('bot_vote_user').on('bot_vote').column('user_name').execute();
  await schema
    .createTable('bot_conversation')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_name', 'text')
    .addColumn('touched', id, (column) => column.notNull())
    .execute();
  await schema
    .createIndex('bot_conversation_user')
    .on('bot_conversation')
    .columns(['user_name', 'touched'])
    .execute();
  await schema
    .createTable('bot_turn')
    .addColumn('id', id, counted)
    .addColumn('conversation', 'text', (column) =>
      column.notNull().references('bot_conversation.id').onDelete('cascade'),
    )
    .addColumn('speaker', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('source', 'text')
    .addColumn('score', real as 'real')
    .addColumn('time', time, (column) => column.notNull())
    .execute();
  await schema.createIndex('bot_turn_conversation').on('bot_turn').columns(['conversation', 'id']).execute();
  await schema
    .createTable('bot_state')
    .addColumn('conversation', 'text', (column) =>
      column.notNull().references('bot_conversation.id').onDelete('cascade'),
    )
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('bot_state_key', ['conversation', 'key'])
    .execute();
  await schema
    .createTable('bot_fact')
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('said', 'text', (column) => column.notNull())
    .addColumn('time', time, (column) => column.notNull())
    .addColumn('expires', time)
    .addPrimaryKeyConstraint('bot_fact_key', ['user_name', 'key'])
    .execute();
  await schema.createIndex('bot_fact_expires').on('bot_fact').column('expires').execute();
  await schema
    .createTable('bot_review')
    .addColumn('id', id, counted)
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('question', 'text', (column) => column.notNull())
    .addColumn('previous', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('said', 'text')
    .addColumn('proposed', 'text')
    .addColumn('proposed_by', 'text')
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('time', time, (column) => column.notNull())
    .addUniqueConstraint('bot_review_once', ['key', 'reason'])
    .execute();
  await schema
    .createTable('bot_review_user')
    .addColumn('review', id, (column) => column.notNull().references('bot_review.id').onDelete('cascade'))
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('bot_review_user_key', ['review', 'user_name'])
    .execute();
  await schema.createIndex('bot_review_user_name').on('bot_review_user').column('user_name').execute();
  await schema
    .createTable('bot_accepted')
    .addColumn('review', id, (column) => column.primaryKey())
    .addColumn('pair', id, (column) => column.notNull().references('bot_pair.id').onDelete('cascade'))
    .addColumn('time', time, (column) => column.notNull())
    .execute();
  await schema.createIndex('bot_accepted_pair').on('bot_accepted').column('pair').execute();
};
