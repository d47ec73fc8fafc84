import { Type } from 'typebox';
import { EVENT_PATTERNS } from '../../events/event-filter.ts';
import { CLOSED } from './values.ts';

const QUOTED_PATTERNS = EVENT_PATTERNS.map((pattern) => `"${pattern}"`).join(', ');

/** A table `[[recorder.webhooks]]`. */
export const WebhookTable = Type.Object(
  {
    /** Where events are posted. */
    url: Type.String({
      pattern: '^https?://[^\\s/?#@]+(?:[/?][^\\s#]*)?$',
      description: 'an http:// or https:// address without a user name',
      examples: ['https://example.org/recorder-events'],
    }),
    /** Types of events, or groups of them. */
    events: Type.Array(
      Type.Enum([...EVENT_PATTERNS], {
        description: `one of ${QUOTED_PATTERNS}`,
        examples: ['recording.*'],
      }),
      {
        minItems: 1,
        description: 'a list of types of events',
        examples: [['recording.*', 'disk.low']],
        default: ['*'],
      },
    ),
    /** Key of the signature. */
    secret: Type.String({
      description: 'a secret of the Standard Webhooks specification',
      examples: ['whsec_…'],
    }),
  },
  CLOSED,
);
