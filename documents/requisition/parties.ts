/** Who is tested, who ordered, and who pays, at the head of a requisition (42 CFR 493.1241(c)(1) to (3)). */
import { phoneText } from '../../domain/people/phone.ts';
import { dateOf, plainDate } from '../page/dates.ts';
import { type Field, placeFields } from '../page/fields.ts';
import { isPrintable } from '../page/pictures.ts';
import type { Sheet } from '../page/sheet.ts';
import { INK } from '../page/styles.ts';
import { addressLines, BILL_TO, filedName, SEX } from '../page/words.ts';
import type { RequisitionContent } from './requisition.ts';

/** Prints patient, physician and client, order and bill side by side. */
export function parties(sheet: Sheet, content: RequisitionContent): void {
  placeFields(sheet, [patientFields(content), whoOrdered(sheet, content), orderAndBill(content)]);
}

function patientFields({ order }: RequisitionContent): Field[] {
  const { patient } = order;
  return [
    { label: 'Patient', value: filedName(patient), strong: true },
    { label: 'Date of birth', value: plainDate(patient.dob), half: true },
    { label: 'Sex', value: SEX[patient.gender], half: true },
    { label: 'Patient ID', value: order.user_id, small: true },
    { label: 'Phone', value: phoneText(patient.phone_number) },
    { label: 'Address', value: addressLines(order.address).join('\n') },
    ...(patient.medical_proxy
      ? [
          {
            label: 'Responsible adult',
            value: `${filedName(patient.medical_proxy)}\n${phoneText(patient.medical_proxy.phone_number)}`,
          },
        ]
      : []),
  ];
}

/** The physician, if one is named, and who is called about a critical result (42 CFR 493.1241(c)(1)). */
function whoOrdered(sheet: Sheet, content: RequisitionContent): Field[] {
  const { physician } = content.order;
  const { phone } = content.team.contact;
  const critical: Field[] = phone ? [{ label: 'Critical results to', value: phoneText(phone) }] : [];
  if (!physician) return [...clientFields(content, true), ...critical];
  return [
    { label: 'Ordering physician', value: filedName(physician), strong: true },
    { label: 'NPI', value: physician.npi },
    signatureField(sheet, content.signature ?? null),
    ...critical,
  ];
}

function clientFields({ team }: RequisitionContent, strong: boolean): Field[] {
  const { address, phone, email } = team.contact;
  const ways = [address, phone && phoneText(phone), email].filter(Boolean);
  return [{ label: 'Client', value: [team.name, ...ways].join('\n'), strong }];
}

function signatureField(sheet: Sheet, signature: Buffer | null): Field {
  const height = 26;
  return {
    label: 'Signature',
    value: '',
    height,
    draw: (x, y, width) => {
      if (signature && isPrintable(signature)) {
        sheet.structure.picture('Signature of the physician', () => {
          sheet.pdf.image(signature, x, y, { fit: [width, height - 3], valign: 'bottom' });
        });
      }
      sheet.rule(y + height - 2, 0.6, INK, x, x + width);
    },
  };
}

function orderAndBill(content: RequisitionContent): Field[] {
  const { order, account } = content;
  const { insurance } = order;
  return [
    { label: 'Lab test', value: content.lab_test_name, strong: true },
    { label: 'Ordered', value: dateOf(order.created_at, order.options.time_zone), half: true },
    { label: 'Priority', value: order.priority ? 'STAT' : 'Routine', half: true },
    { label: 'Diagnosis (ICD-10)', value: order.icd_codes.length > 0 ? order.icd_codes.join(', ') : 'None given' },
    ...(order.physician ? clientFields(content, false) : []),
    { label: 'Bill to', value: BILL_TO[order.billing_type], half: true },
    { label: 'Account', value: account.provider_account_id, half: true },
    ...(insurance && order.billing_type === 'commercial_insurance'
      ? [
          { label: 'Payor', value: `${insurance.payor_name} (${insurance.payor_code})` },
          { label: 'Payor address', value: addressLines(insurance.payor_address).join('\n') },
          { label: 'Member ID', value: insurance.member_id, half: true },
          ...(insurance.group_id ? [{ label: 'Group ID', value: insurance.group_id, half: true }] : []),
          {
            label: 'Insured',
            value: `${filedName(insurance.insured)}, born ${plainDate(insurance.insured.dob)}`,
          },
          { label: 'Relationship to insured', value: insurance.relationship },
        ]
      : []),
  ];
}
