//! One body compiled for every instruction set.

/// Calls an `#[inline(always)]` function compiled for the best instruction set of this processor: the compiler turns its
/// loops over slices into vector code.
///
/// The types of the arguments are written out, since the copies are functions of their own. After `fused`, the function
/// is told by its constant parameter whether a product and a sum are one instruction ([`crate::math::mul_add`]).
macro_rules! best_isa {
    (fused $body:ident; $($arg:ident: $type:ty),* $(,)?) => {
        $crate::product::best_isa!(@ $body::<true>, $body::<false>; $($arg: $type),*)
    };
    ($body:path; $($arg:ident: $type:ty),* $(,)?) => {
        $crate::product::best_isa!(@ $body, $body; $($arg: $type),*)
    };
    (@ $body:path, $portable:path; $($arg:ident: $type:ty),*) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn avx512($($arg: $type),*) {
            $body($($arg),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2($($arg: $type),*) {
            $body($($arg),*)
        }
        match $crate::product::Isa::best() {
            // SAFETY: `best` is an instruction set that this processor has.
            #[cfg(target_arch = "x86_64")]
            $crate::product::Isa::Avx512 => unsafe { avx512($($arg),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            $crate::product::Isa::Avx2 => unsafe { avx2($($arg),*) },
            $crate::product::Isa::Portable => $portable($($arg),*),
        }
    }};
}

pub(crate) use best_isa;
