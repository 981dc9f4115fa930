//! The numbers of commands and errors, as they are on the wire. They are written down here once more, rather than taken
//! from the client's crate, so that neither end can be wrong just as the other is.

/// Declares numbers in bulk.
macro_rules! numbers {
    ($($module:ident: $type:ty { $($name:ident = $value:literal)* })*) => {
        $(pub(crate) mod $module {
            $(pub(crate) const $name: $type = $value;)*
        })*
    };
}

numbers! {
    op: u32 {
        MODES = 0 MODEG = 1 PUD = 2 READ = 3 WRITE = 4 PWM = 5 PRS = 6 PFS = 7 SERVO = 8 WDOG = 9
        BR1 = 10 BR2 = 11 BC1 = 12 BC2 = 13 BS1 = 14 BS2 = 15 TICK = 16 HWVER = 17 NO = 18 NB = 19
        NP = 20 NC = 21 PRG = 22 PFG = 23 PRRG = 24 HELP = 25 PIGPV = 26 WVCLR = 27 WVAG = 28 WVAS = 29
        WVGO = 30 WVGOR = 31 WVBSY = 32 WVHLT = 33 WVSM = 34 WVSP = 35 WVSC = 36 TRIG = 37 PROC = 38 PROCD = 39
        PROCS = 41 SLRO = 42 SLR = 43 SLRC = 44 PROCP = 45 MICS = 46 MILS = 47 WVCRE = 49
        WVDEL = 50 WVTX = 51 WVTXR = 52 WVNEW = 53 I2CO = 54 I2CC = 55 I2CRD = 56 I2CWD = 57 I2CWQ = 58 I2CRS = 59
        I2CWS = 60 I2CRB = 61 I2CWB = 62 I2CRW = 63 I2CWW = 64 I2CRK = 65 I2CWK = 66 I2CRI = 67 I2CWI = 68 I2CPC = 69
        I2CPK = 70 SPIO = 71 SPIC = 72 SPIR = 73 SPIW = 74 SPIX = 75 SERO = 76 SERC = 77 SERRB = 78 SERWB = 79 SERR = 80 SERDA = 82 GDC = 83
        HC = 85 HP = 86 CF1 = 87 CF2 = 88 BI2CC = 89 BI2CO = 90 BI2CZ = 91 I2CZ = 92 WVCHA = 93
        SLRI = 94 CGI = 95 CSI = 96 FG = 97 FN = 98 NOIB = 99 WVTXM = 100 WVTAT = 101 PADS = 102 PADG = 103
        FO = 104 FC = 105 FS = 108 FL = 109 SHELL = 110 BSPIC = 111 BSPIO = 112 BSPIX = 113 BSCX = 114
        EVM = 115 EVT = 116 PROCU = 117 WVCAP = 118
    }
    error: i32 {
        BAD_USER_GPIO = -2 BAD_GPIO = -3 BAD_MODE = -4 BAD_LEVEL = -5 BAD_PUD = -6 BAD_PULSEWIDTH = -7
        BAD_DUTYCYCLE = -8 BAD_WDOG_TIMEOUT = -15 BAD_DUTYRANGE = -21 NO_HANDLE = -24 BAD_HANDLE = -25
        BAD_WAVE_MODE = -33 BAD_WAVE_BAUD = -35 NOT_SERIAL_GPIO = -38 NOT_PERMITTED = -41 SOME_PERMITTED = -42
        BAD_WVSC_COMMND = -43 BAD_WVSM_COMMND = -44 BAD_WVSP_COMMND = -45 BAD_PULSELEN = -46 BAD_SCRIPT_ID = -48
        GPIO_IN_USE = -50 BAD_SCRIPT_CMD = -55 NO_SCRIPT_ROOM = -57 TOO_MANY_PARAM = -61 BAD_MICS_DELAY = -64
        BAD_MILS_DELAY = -65 BAD_WAVE_ID = -66 EMPTY_WAVEFORM = -69 NO_WAVEFORM_ID = -70
        SER_OPEN_FAILED = -72 BAD_I2C_BUS = -74 BAD_I2C_ADDR = -75 BAD_SPI_CHANNEL = -76 BAD_FLAGS = -77
        BAD_SPI_SPEED = -78 BAD_SER_DEVICE = -79 BAD_SER_SPEED = -80 BAD_PARAM = -81 I2C_WRITE_FAILED = -82 I2C_READ_FAILED = -83
        BAD_SPI_COUNT = -84 SER_WRITE_FAILED = -85 SER_READ_FAILED = -86 SER_READ_NO_DATA = -87 UNKNOWN_COMMAND = -88
        BAD_POINTER = -90 NOT_PWM_GPIO = -92 NOT_SERVO_GPIO = -93 NOT_HCLK_GPIO = -94
        NOT_HPWM_GPIO = -95 BAD_HPWM_FREQ = -96 BAD_HPWM_DUTY = -97 BAD_HCLK_FREQ = -98 BAD_HCLK_PASS = -99
        BAD_DATABITS = -101 BAD_STOPBITS = -102 BAD_I2C_SEG = -106 NOT_I2C_GPIO = -108 BAD_I2C_WLEN = -109 BAD_I2C_RLEN = -110 BAD_I2C_CMD = -111
        BAD_I2C_BAUD = -112 BAD_CHAIN_CMD = -116 DEPRECATED = -120 BAD_SER_INVERT = -121 BAD_FILTER = -125
        BAD_PAD = -126 BAD_PAD_STRENGTH = -127 NO_FILE_ACCESS = -137 BAD_SPI_BAUD = -141 NOT_SPI_GPIO = -142
        BAD_EVENT_ID = -143
    }
}
