/** What the operations of the document refer to. */
export const components = {
  securitySchemes: {
    token: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: '`Token token="…"`: an access token (JSON, as authenticating answers it) in base64.',
    },
    basic: { type: 'http', scheme: 'basic', description: 'A login, and its API key or password.' },
  },
  schemas: {
    Error: {
      type: 'object',
      required: ['error'],
      properties: {
        error: {
          type: 'object',
          required: ['code', 'message'],
          properties: {
            code: { description: 'Stable, to decide by.', type: ['string', 'integer'] },
            message: { type: 'string' },
            target: { description: 'The kind of what was not found.', type: 'string' },
            details: { description: 'What it is about: one thing, or several.' },
            innererror: { description: 'Where in a policy it is.', type: 'object' },
          },
        },
      },
    },
    ErrorV2: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { description: 'The status.', type: 'string' },
        message: { type: 'string' },
      },
    },
  },
} as const;
