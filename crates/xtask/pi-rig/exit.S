// exit STATUS: switches off the machine, whose emulator exits with this status. The call that does so is one of
// Arm's "semihosting", with which a program asks a debugger for services.
        .text
        .global _start
_start: mov     x2, #1                  // without a status: 1
        ldr     x0, [sp]
        cmp     x0, #2
        b.lt    2f
        mov     x2, #0
        mov     x4, #10
        ldr     x1, [sp, #16]
1:      ldrb    w3, [x1], #1
        cbz     w3, 2f
        sub     w3, w3, #'0'
        madd    x2, x2, x4, x3
        b       1b
2:      mov     x3, #0x0026             // ADP_Stopped_ApplicationExit
        movk    x3, #0x0002, lsl #16
        stp     x3, x2, [sp, #-16]!
        mov     x1, sp
        mov     w0, #0x20               // SYS_EXIT_EXTENDED
        hlt     #0xf000
        b       .                       // not reached
