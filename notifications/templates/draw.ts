/** Where to go with a requisition, and what to bring: the same for a first draw and a redraw. */

import type { CollectionMethod } from '../../domain/orders/status.ts';
import { phoneText } from '../../domain/people/phone.ts';
import { fastingRule, MORNING } from '../fasting-words.ts';
import type { Block } from '../letter.ts';
import type { MailContent } from './content.ts';
import { comeAlong, readerOf } from './reader.ts';

const WHERE: Record<CollectionMethod, (content: MailContent) => Block[]> = {
  walk_in_test: ({ laboratory, booking_url }) => [
    { heading: 'Where to go' },
    {
      paragraph: `Go to any ${laboratory.name} patient service center. Some accept walk-ins; others prefer an appointment. The list of locations tells you which.`,
    },
    { button: 'Find a location', href: booking_url ?? laboratory.psc_locator_url },
  ],
  at_home_phlebotomy: ({ team, booking_url, recipient }) => [
    { heading: 'What happens next' },
    {
      paragraph: `A phlebotomist will come to ${readerOf(recipient).your} address to draw the sample and take it to the laboratory. ${booking_url ? 'Choose a day and time that work for you.' : `Contact ${team.name} to choose a day and time.`}`,
    },
    ...(booking_url ? [{ button: 'Choose a time', href: booking_url }] : []),
  ],
  on_site_collection: ({ team, recipient }) => [
    { heading: 'Where to go' },
    {
      paragraph: `${readerOf(recipient).Your} sample will be collected on site. ${team.name} will tell you when and where.`,
    },
  ],
  testkit: () => [
    { heading: 'What happens next' },
    { paragraph: 'Follow the instructions in your kit, and send the sample back in the box it came in.' },
  ],
};

/** Where to go, what to bring, whether to fast, and the number to quote. */
export function drawBlocks(content: MailContent): Block[] {
  const { order, laboratory, fasting } = content;
  const reader = readerOf(content.recipient);
  return [
    ...WHERE[order.collection_method](content),
    { heading: order.collection_method === 'at_home_phlebotomy' ? 'What to have ready' : 'What to bring' },
    {
      list: [
        'The attached requisition, on paper or on your phone',
        ...photoId(reader.minor),
        ...(order.billing_type === 'commercial_insurance' ? [`${reader.Your} insurance card`] : []),
      ],
    },
    ...comeAlong(reader).map((paragraph) => ({ paragraph })),
    { heading: 'Before the draw' },
    ...(fasting
      ? [{ paragraph: `${fastingRule(reader.minor)} ${MORNING}` }, { paragraph: unsure(content) }]
      : [{ paragraph: 'You do not need to fast. Drinking water beforehand makes the draw easier.' }]),
    {
      facts: [
        ['Requisition number', order.placer_order_number],
        ['Laboratory', `${laboratory.name}, ${phoneText(laboratory.phone)}`],
      ],
    },
  ];
}

/** Whose photo ID: at the draw of a minor, the guardian’s counts. */
export function photoId(minor: string | null): string[] {
  return minor === null ? ['A photo ID'] : ['Your own photo ID', `${minor}’s ID, if there is one`];
}

/** For whom a fast is no small matter. */
export function unsure({ team }: Pick<MailContent, 'team'>): string {
  return `Before fasting, ask ${team.name} about diabetes and about medicine that must be taken with food.`;
}
