/** Where to go with a requisition, and what to bring: the same for a first draw and a redraw. */
import { phoneText } from '../../domain/phone.ts';
import type { CollectionMethod } from '../../domain/status.ts';
import type { Block } from '../letter.ts';
import type { MailContent } from './content.ts';

const WHERE: Record<CollectionMethod, (content: MailContent) => Block[]> = {
  walk_in_test: ({ laboratory, booking_url }) => [
    { heading: 'Where to go' },
    {
      paragraph: `Visit any ${laboratory.name} patient service center that suits you. Some take walk-ins, others prefer an appointment: the list of locations says which.`,
    },
    { button: 'Find a location', href: booking_url ?? laboratory.psc_locator_url },
  ],
  at_home_phlebotomy: ({ team, booking_url }) => [
    { heading: 'What happens next' },
    {
      paragraph: `A phlebotomist comes to your address to draw your sample and brings it to the laboratory. ${booking_url ? 'Choose the day and time that suit you.' : `Contact ${team.name} to choose a day and time.`}`,
    },
    ...(booking_url ? [{ button: 'Choose a time', href: booking_url }] : []),
  ],
  on_site_collection: ({ team }) => [
    { heading: 'Where to go' },
    { paragraph: `Your sample is collected on site. ${team.name} tells you when and where.` },
  ],
  testkit: () => [
    { heading: 'What happens next' },
    { paragraph: 'Follow the leaflet in your kit and send the sample back in the box it came in.' },
  ],
};

/** Where to go, what to bring, whether to fast, and the number to quote. */
export function drawBlocks(content: MailContent): Block[] {
  const { order, laboratory } = content;
  return [
    ...WHERE[order.collection_method](content),
    { heading: 'What to bring' },
    {
      list: [
        'The attached requisition, on paper or on your phone',
        'A photo ID',
        ...(order.billing_type === 'commercial_insurance' ? ['Your insurance card'] : []),
      ],
    },
    { heading: 'Before you go' },
    { paragraph: fastingWords(content.fasting) },
    {
      facts: [
        ['Requisition number', order.placer_order_number],
        ['Laboratory', `${laboratory.name}, ${phoneText(laboratory.phone)}`],
      ],
    },
  ];
}

function fastingWords(fasting: boolean | undefined): string {
  if (fasting === undefined) return 'Your requisition says whether to fast before the draw.';
  if (!fasting) return 'You do not need to fast. Drinking water beforehand makes the draw easier.';
  return 'Please fast: have nothing to eat or drink but water for 8 to 12 hours before the draw, unless your requisition says otherwise.';
}
