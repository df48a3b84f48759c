import type { Board } from './board.ts';
import type { Crew } from './crew.ts';
import type { Handlers } from './link.ts';
import type { Member } from './member.ts';
import { Handed, PATIENCE_MS, type PrimaryCalls } from './protocol.ts';
import type { Sockets } from './sockets.ts';

/** What of the primary the workers reach. */
export interface Reached {
  readonly crew: Crew;
  readonly board: Board;
  readonly sockets: Sockets;
}

/** The primary's answers to one worker: it passes on what concerns the others. */
export function handlersFor({ crew, board, sockets }: Reached, member: () => Member): Handlers<PrimaryCalls> {
  return {
    socket: async (address) => new Handed(await sockets.of(address, member().seat.index)),
    news: (news) => {
      const from = member().id;
      for (const { link, id } of crew.ready) if (id !== from) link.tell('hear', { from, news });
    },
    transition: (news) => board.changed(news, member().id),
    prolonged: (position) => {
      if (!board.prolonged(position)) return;
      const from = member().id;
      for (const { link, id } of crew.ready) if (id !== from) link.tell('prolong', position);
    },
    claimProbes: ({ place, purpose }) => board.claim(place, member().id, purpose),
    claimSent: ({ owner, ...order }) => {
      const known = crew.byId(owner);
      if (known === undefined) throw new Error('the process that sent it has died');
      return known.link.ask('releaseSent', order, order.waitMs + PATIENCE_MS);
    },
    drop: async (tags) => {
      // one that is just about to serve may have begun to fetch
      for (const { link } of crew.starting) link.tell('dropped', tags);
      await crew.askAll('dropped', tags, PATIENCE_MS, member().id);
    },
  };
}
