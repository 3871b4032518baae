import { optionsOf, report } from '../shell/invocation.ts';
import type { Tool } from './index.ts';
import { isDisk } from './paths.ts';
import { judgeWrite } from './writes.ts';

const destroys: Tool = (call) => report(call, 'disk_destruction');

/** Programs that also only show: named by what they are asked for. */
const unless =
  (harmless: RegExp): Tool =>
  (call) => {
    if (call.args.length > 0 && !call.args.some((arg) => harmless.test(arg))) report(call, 'disk_destruction');
  };

const when =
  (harm: RegExp): Tool =>
  (call) => {
    if (harm.test(call.args.join(' '))) report(call, 'disk_destruction');
  };

const dd: Tool = (call) => {
  const target = call.args.find((arg) => arg.startsWith('of='))?.slice(3);
  if (target === undefined) return;
  if (isDisk(target) || /^\/dev\/\w+$/.test(target)) {
    if (!/^\/dev\/(null|stdout|zero|stderr)$/.test(target)) report(call, 'disk_destruction');
  } else judgeWrite(target, call.examination, call.source);
};

const mkfs =
  'mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.ntfs mkfs.f2fs mke2fs mkswap newfs newfs_apfs';

export const diskTools: Record<string, Tool> = {
  dd,
  dcfldd: dd,
  ...Object.fromEntries(mkfs.split(' ').map((name) => [name, destroys])),
  fdisk: unless(/^-l|^--list|^-V|^-h/),
  sfdisk: unless(/^-l|^--list|^-d|^--dump|^-V/),
  gdisk: unless(/^-l/),
  sgdisk: unless(/^-p|^--print/),
  parted: unless(/^-l|^--list|^print$/),
  wipefs: (call) => {
    if (optionsOf(call.args).flags.has('a') || call.args.includes('--all')) report(call, 'disk_destruction');
  },
  blkdiscard: destroys,
  badblocks: when(/(^| )-\w*w/),
  hdparm: when(/--security-erase|--trim-sector/),
  nvme: when(/^(format|sanitize)/),
  cryptsetup: when(/luksFormat|luksErase|erase/),
  lvremove: destroys,
  vgremove: destroys,
  pvremove: destroys,
  mdadm: when(/--zero-superblock|--remove/),
  zpool: when(/^(destroy|labelclear)/),
  zfs: when(/^destroy|^rollback -r/),
  btrfs: when(/^subvolume delete/),
  diskutil: when(/^(erase|partition|zero|secureErase|apfs delete)/i),
  format: when(/^[a-z]:/i),
  'format-volume': destroys,
  'clear-disk': destroys,
};
