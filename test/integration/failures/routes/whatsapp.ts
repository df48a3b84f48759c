import { JSON_TYPE, mediumOf, type Route } from './route.ts';

const GRAPH = 'graph.facebook.com';
const whatsapp = { upstream: 'whatsapp', refused: true, attempts: 3, dialect: 'graph', code: 'whatsapp', host: GRAPH, breaks: 'visibly' } as const;
const bearer = (id: string) => ({ authorization: `Bearer token-${id}` });

/** What a backend does with WhatsApp. */
export const WHATSAPP: readonly Route[] = [
  {
    ...whatsapp,
    name: 'send',
    label: 'whatsapp send',
    method: 'POST',
    repeatable: false,
    breaks: 'as unknown',
    paced: true,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/messages`,
      headers: { ...bearer(id), ...JSON_TYPE },
      body: JSON.stringify({ messaging_product: 'whatsapp', to: id, type: 'text', text: { body: `zażółć ${id}` } }),
    }),
    done: (sim, id) => sim.whatsapp.messagesSent.filter(({ to }) => to === id).length,
  },
  {
    ...whatsapp,
    name: 'mark-read',
    label: 'whatsapp mark-read',
    method: 'POST',
    repeatable: true,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/messages`,
      headers: { ...bearer(id), ...JSON_TYPE },
      body: JSON.stringify({ messaging_product: 'whatsapp', status: 'read', message_id: `wamid.${id}` }),
    }),
    done: (sim, id) => sim.whatsapp.marksRead.filter((one) => one === `wamid.${id}`).length,
  },
  {
    ...whatsapp,
    name: 'media-url',
    label: 'whatsapp media-url',
    method: 'GET',
    repeatable: true,
    attempts: 2,
    sending: (sim, id) => ({ path: `/v23.0/${sim.whatsapp.media.add(mediumOf(id), 'image/png', id)}`, headers: bearer(id) }),
  },
  {
    ...whatsapp,
    name: 'upload-media',
    label: 'whatsapp upload',
    method: 'POST',
    repeatable: true,
    attempts: 2,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/media`,
      headers: { ...bearer(id), 'content-type': 'multipart/form-data; boundary=edge' },
      body: [
        '--edge\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n',
        `--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n${id.repeat(200)}\r\n--edge--\r\n`,
      ].join(''),
    }),
  },
  {
    ...whatsapp,
    name: 'download-media',
    label: 'whatsapp download',
    host: 'lookaside.fbsbx.com',
    method: 'GET',
    repeatable: true,
    code: 'whatsapp_media',
    breaks: 'resumes',
    byConnect: true,
    ownAnswer: (_sim, id) => mediumOf(id),
    sending: (sim, id) => {
      sim.whatsapp.media.add(mediumOf(id), 'image/png', id);
      return { path: `/whatsapp_business/attachments/?mid=${id}&ext=4102444800&hash=ATs`, headers: bearer(id) };
    },
  },
];
