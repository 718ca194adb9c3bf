import { jsonAnswer } from '../answers/answer.ts';
import { json } from '../http/route-about.ts';
import type { Route } from '../http/route.ts';
import { apiVersion } from '../routes/about.ts';
import type { ApiDocument } from './document.ts';
import type { Page } from './page.ts';

/** An hour: what it says changes with the release only. */
const cacheControl = 'public, max-age=3600';

/**
 * `GET /openapi.json` and `GET /docs`: what `routes` say about themselves, for programs and for people. Made with the
 * first request, and the code that makes it is loaded then: most workers never hear one.
 */
export function descriptionRoutes(routes: () => readonly Route[]): readonly Route[] {
  const document = once<ApiDocument>(async () => {
    const { apiDocument } = await import('./document.ts');
    return apiDocument(routes(), apiVersion);
  });
  const page = once<Page>(async () => {
    const { documentPage } = await import('./page.ts');
    return documentPage(await document());
  });
  return [
    {
      method: 'GET',
      url: '/openapi.json',
      effect: 'open',
      token: 'none',
      about: {
        summary: 'This description.',
        group: 'Node',
        answers: { 200: json('An OpenAPI 3.1 document.', { type: 'object' }) },
      },
      handle: async () => {
        const answer = jsonAnswer(await document());
        return { ...answer, headers: { ...answer.headers, 'cache-control': cacheControl } };
      },
    },
    {
      method: 'GET',
      url: '/docs',
      effect: 'open',
      token: 'none',
      about: {
        summary: 'This description, as a page for people.',
        group: 'Node',
        answers: { 200: { about: 'The page.', content: { 'text/html': { type: 'string' } } } },
      },
      handle: async () => {
        const { body, policy } = await page();
        const headers = {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cache-control': cacheControl,
        };
        return { status: 200, headers, body };
      },
    },
  ];
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}
