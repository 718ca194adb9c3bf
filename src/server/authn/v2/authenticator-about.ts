import { v2MediaType } from '../../http/media-types.ts';
import { anyFlag, anyText, type ContentAbout, type JsonSchema, objectOf } from '../../http/route-about.ts';

const texts: JsonSchema = { type: 'object', additionalProperties: anyText };

/** An authenticator as version 2 shows it. */
export const authenticatorSchema: JsonSchema = objectOf(
  {
    type: anyText,
    branch: anyText,
    name: anyText,
    enabled: anyFlag,
    owner: objectOf({ id: anyText, kind: anyText }),
    data: { type: 'object' },
    annotations: texts,
  },
  ['data', 'annotations'],
);

export const authenticatorContent: ContentAbout = {
  about: 'The authenticator. Values that are secret are not shown.',
  content: { [v2MediaType]: authenticatorSchema },
};

/** What a new authenticator is made of. */
export const newAuthenticatorContent: ContentAbout = {
  about: 'The authenticator to make; it is switched on unless `enabled` is false.',
  content: {
    'application/json': objectOf(
      {
        type: anyText,
        name: anyText,
        enabled: anyFlag,
        owner: objectOf({ id: anyText, kind: anyText }),
        data: { type: 'object' },
        annotations: texts,
      },
      ['enabled', 'owner', 'data', 'annotations'],
    ),
  },
};
